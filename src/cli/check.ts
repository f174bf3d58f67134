import { readFileSync } from 'node:fs'
import path from 'node:path'
import { cliSettings, describeProblem, readCliSettings } from './cli-settings.ts'
import { CommandFault, type Call, type Command } from './command.ts'

export const check: Command = {
  usage: `Usage: portunus check <conf>

Check the validity of a given Kong configuration file.

<conf> (default /etc/kong/kong.conf) configuration file; a file that ends
       in .yml, .yaml or .json is checked as declarative configuration

Options:
`,
  options: {},

  async run(call) {
    const conf = call.operands[0] ?? '/etc/kong/kong.conf'
    if (/\.(?:ya?ml|json)$/i.test(conf)) return checkDeclarative(call, conf)
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

/** Every fault of a declarative file with its place; of a good one, what is most likely not meant. */
async function checkDeclarative(call: Call, name: string): Promise<number> {
  const { output, workingDirectory } = call
  const text = readText(path.resolve(workingDirectory, name), name)
  const { parseConfiguration } = await import('../gateway/parse-configuration.ts')
  const parsed = parseConfiguration(cliSettings(call), { text, fileName: name })
  if (!parsed.ok) {
    const { faultLines } = await import('../declarative/pretty-errors.ts')
    output.note(faultLines(parsed, name))
    return 1
  }
  const { warningLines } = await import('./summary.ts')
  for (const line of warningLines({ name, text, config: parsed })) output.note(line)
  output.info(`configuration at ${name} is valid`)
  return 0
}

function readText(file: string, name: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new CommandFault(`Cannot read ${name}: ${(error as Error).message}`)
  }
}
