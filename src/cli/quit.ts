import { runningPid } from '../gateway/prefix-layout.ts'
import { runningSettings } from './cli-settings.ts'
import { numberOption, type Command } from './command.ts'
import { hasEnded, signalGateway } from './signal-gateway.ts'

export const quit: Command = {
  usage: `Usage: portunus quit [OPTIONS]

Gracefully quit a running Kong node in given prefix directory.

This command sends a SIGQUIT signal, meaning all requests will finish
processing before shutting down. If the timeout delay is reached, the node
will be forcefully stopped (SIGTERM).

Options:
 -p,--prefix      (optional string) prefix Kong is running at
 -t,--timeout     (default 10) timeout before forced shutdown
 -w,--wait        (default 0) wait time before initiating the shutdown
`,
  options: {
    prefix: { short: 'p', takes: 'text' },
    timeout: { short: 't', takes: 'number' },
    wait: { short: 'w', takes: 'number' },
  },

  async run(call) {
    const { output } = call
    const { prefix } = runningSettings(call)
    const timeout = Math.max(numberOption(call, 'timeout') ?? 10, 1)
    const wait = numberOption(call, 'wait') ?? 0
    if (wait > 0) {
      output.verbose(`waiting ${wait} seconds before quitting`)
      const waitedFor = runningPid(prefix)
      if (waitedFor !== undefined && (await hasEnded(waitedFor, wait * 1000))) {
        output.error('Kong stopped while waiting (unexpected)')
        return
      }
    }
    const pid = signalGateway(prefix, 'SIGQUIT')
    if (await hasEnded(pid, timeout * 1000)) {
      output.info('Kong stopped (gracefully)')
      return
    }
    signalGateway(prefix, 'SIGTERM')
    await hasEnded(pid, timeout * 1000)
    output.info('Timeout, Kong stopped forcefully')
  },
}
