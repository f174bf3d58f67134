import { existsSync } from 'node:fs'
import path from 'node:path'
import { prefixLayout, runningPid } from '../gateway/prefix-layout.ts'
import { CommandFault, textOption, type Call, type Command } from './command.ts'
import { hasEnded, signalGateway } from './signal-gateway.ts'
import { START_OPTIONS, startSettings, startWith } from './start.ts'

const PATIENCE_MS = 5000

export const restart: Command = {
  usage: `Usage: portunus restart [OPTIONS]

Restart a Kong node in the given prefix directory.

This command is equivalent to doing both 'portunus stop' and
'portunus start'.

Options:
 -c,--conf        (optional string)   configuration file
 -p,--prefix      (optional string)   prefix at which Kong should be running
 --nginx-conf     (optional string)   accepted, without effect
 --run-migrations (optional boolean)  optionally run migrations on the DB
 --db-timeout     (optional number)   seconds for operations of the database
 --lock-timeout   (default 60)        seconds to wait for migrations elsewhere
 --nginx-conf-flags (optional string) accepted, without effect
`,
  options: START_OPTIONS,

  async run(call) {
    refuseStrangePrefix(call)
    const settings = startSettings(call)
    if (runningPid(settings.prefix) !== undefined) {
      const pid = signalGateway(settings.prefix, 'SIGTERM')
      if (!(await hasEnded(pid, PATIENCE_MS)))
        throw new CommandFault(`process ${pid} does not end; end it with: kill -9 ${pid}`)
    }
    await startWith(call, settings)
  },
}

/** As in Kong, who names a prefix names one in which a gateway was started before. */
function refuseStrangePrefix(call: Call): void {
  const prefix = textOption(call, 'prefix')
  if (prefix === undefined) return
  const { kongEnv } = prefixLayout(prefix)
  if (!existsSync(path.resolve(call.workingDirectory, kongEnv)))
    throw new CommandFault(`no file at: ${kongEnv}`)
}
