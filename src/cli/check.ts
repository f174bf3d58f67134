import { readCliSettings, describeProblem } from './cli-settings.ts'
import type { Command } from './command.ts'

export const check: Command = {
  usage: `Usage: portunus check <conf>

Check the validity of a given Kong configuration file.

<conf> (default /etc/kong/kong.conf) configuration file

Options:
`,
  options: {},

  async run(call) {
    const conf = call.operands[0] ?? '/etc/kong/kong.conf'
    const options = { ...call.options, conf }
    const result = readCliSettings({ ...call, options })
    for (const warning of result.warnings) call.output.warn(warning)
    if (!result.ok) {
      for (const problem of result.problems)
        call.output.error(describeProblem(problem, call.output))
      return 1
    }
    call.output.info(`configuration at ${conf} is valid`)
  },
}
