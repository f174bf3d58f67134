import { existsSync } from 'node:fs'
import { prefixLayout, runningPid } from '../gateway/prefix-layout.ts'
import { cliSettings } from './cli-settings.ts'
import { CommandFault, type Command } from './command.ts'

export const health: Command = {
  usage: `Usage: portunus health [OPTIONS]

Check if the necessary services are running for this node.

Options:
 -p,--prefix      (optional string) prefix at which Kong should be running
`,
  options: { prefix: { short: 'p', takes: 'text' } },

  async run(call) {
    const { output } = call
    const { prefix } = cliSettings(call, { isQuiet: true })
    if (!existsSync(prefix)) throw new CommandFault(`no such prefix: ${prefix}`)
    const notRunning = new CommandFault(`Kong is not running at ${prefix}`)
    if (!existsSync(prefixLayout(prefix).kongEnv)) throw notRunning
    const isRunning = runningPid(prefix) !== undefined
    output.info(`${'nginx'.padEnd(12, '.')}${isRunning ? 'running' : 'not running'}`)
    output.info('')
    if (!isRunning) throw notRunning
    output.info(`Kong is healthy at ${prefix}`)
  },
}
