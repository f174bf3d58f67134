import { runningSettings } from './cli-settings.ts'
import { CommandFault, type Command } from './command.ts'
import { hasEnded, signalGateway } from './signal-gateway.ts'

/** Ending at once takes milliseconds; this is for a machine under load. */
const PATIENCE_MS = 10_000

export const stop: Command = {
  usage: `Usage: portunus stop [OPTIONS]

Stop a running Kong node in given prefix directory.

This command sends a SIGTERM signal: requests in flight are cut off. To let
them end, use 'portunus quit'.

Options:
 -p,--prefix      (optional string) prefix Kong is running at
`,
  options: { prefix: { short: 'p', takes: 'text' } },

  async run(call) {
    const { prefix } = runningSettings(call)
    const pid = signalGateway(prefix, 'SIGTERM')
    if (!(await hasEnded(pid, PATIENCE_MS)))
      throw new CommandFault(`process ${pid} does not end; end it with: kill -9 ${pid}`)
    call.output.info('Kong stopped')
  },
}
