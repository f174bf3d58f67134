import { readFileSync } from 'node:fs'
import path from 'node:path'
import { PROPERTIES } from '../settings/properties.ts'
import { whyIgnored } from '../settings/why-ignored.ts'
import { cliSettings, describeProblem, readCliSettings } from './cli-settings.ts'
import { CommandFault, textOption, type Call, type Command } from './command.ts'
import type { PlacedWarning } from './lint/lint.ts'

export const check: Command = {
  usage: `Usage: portunus check <conf>

Check the validity of a given Kong configuration file.

<conf> (default /etc/kong/kong.conf) configuration file
`,
  ownUsage: `Of Portunus alone:
 portunus check kong.yml             checks a declarative configuration; so with
                                     names that end in .yaml or .json
 --json                              says it as JSON, on standard output
 --allow open-route,weak-secret      leaves out warnings of these rules; see
                                     docs/lint, also for a comment that does
 --strict                            warnings make the exit code 1 as well
`,
  options: { json: {}, allow: { takes: 'text' }, strict: {} },

  async run(call) {
    const conf = call.operands[0] ?? '/etc/kong/kong.conf'
    return /\.(?:ya?ml|json)$/i.test(conf) ? checkDeclarative(call, conf) : checkConf(call, conf)
  },
}

/** A property that is given and means nothing here. */
interface IgnoredProperty {
  readonly name: string
  readonly origin: string
  readonly why: string
}

function checkConf(call: Call, conf: string): number {
  const { output } = call
  const result = readCliSettings({ ...call, options: { ...call.options, conf } })
  const ignored = result.ok ? ignoredProperties(result.origins) : []
  const isStrictlyValid = result.ok && (!call.options['strict'] || result.warnings.length === 0)
  if (call.options['json']) {
    const problems = result.ok ? [] : result.problems
    say(call, { file: conf, valid: result.ok, problems, warnings: result.warnings, ignored })
    return isStrictlyValid ? 0 : 1
  }
  for (const warning of result.warnings) output.warn(warning)
  if (!result.ok) {
    for (const problem of result.problems) output.error(describeProblem(problem, output))
    return 1
  }
  for (const { name, origin, why } of ignored) output.note(`${origin}: ${name} is ignored: ${why}`)
  output.info(`configuration at ${conf} is valid`)
  return isStrictlyValid ? 0 : 1
}

function ignoredProperties(origins: ReadonlyMap<string, string>): readonly IgnoredProperty[] {
  return [...origins].flatMap(([name, origin]) =>
    PROPERTIES.get(name)?.hasNoEffect === true && origin !== 'default'
      ? [{ name, origin, why: whyIgnored(name) }]
      : [],
  )
}

/** Every fault of a declarative file with its place; of a good one, what is most likely not meant. */
async function checkDeclarative(call: Call, name: string): Promise<number> {
  const { output, workingDirectory } = call
  const text = readText(path.resolve(workingDirectory, name), name)
  const { parseConfiguration } = await import('../gateway/parse-configuration.ts')
  const settings = cliSettings(call)
  const parsed = await parseConfiguration(settings, { text, fileName: name })
  if (!parsed.ok) {
    const { faultLines } = await import('../declarative/pretty-errors.ts')
    if (call.options['json']) say(call, { file: name, valid: false, faults: parsed.faults })
    else output.note(faultLines(parsed, name))
    return 1
  }
  const { lint } = await import('./lint/lint.ts')
  const { routeFinder } = await import('../gateway/route-finder.ts')
  const findRoute = routeFinder(settings, parsed.entities)
  const warnings = lint({ text, config: parsed, findRoute }, await allowedRules(call))
  if (call.options['json']) say(call, { file: name, valid: true, faults: [], warnings })
  else await sayWarnings(call, name, warnings)
  return call.options['strict'] && warnings.length > 0 ? 1 : 0
}

/** @throws {CommandFault} for codes of no rule */
async function allowedRules(call: Call): Promise<ReadonlySet<string>> {
  const codes = (textOption(call, 'allow') ?? '').split(/[\s,]+/).filter((code) => code !== '')
  const { RULES } = await import('./lint/lint.ts')
  const known = RULES.map(({ code }) => code)
  const stranger = codes.find((code) => !known.includes(code))
  if (stranger !== undefined)
    throw new CommandFault(`no such rule: ${stranger}; there are ${known.join(', ')}`)
  return new Set(codes)
}

async function sayWarnings(
  { output }: Call,
  name: string,
  warnings: readonly PlacedWarning[],
): Promise<void> {
  const { warningLine } = await import('./summary.ts')
  for (const warning of warnings) {
    output.note(`${warningLine(name, warning)} (${warning.code})`)
    output.note(`    ${warning.fix}`)
  }
  output.info(`configuration at ${name} is valid`)
}

function say({ output }: Call, value: object): void {
  output.raw(`${JSON.stringify(value, undefined, 2)}\n`)
}

function readText(file: string, name: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new CommandFault(`Cannot read ${name}: ${(error as Error).message}`)
  }
}
