import type { Command, OptionSpec, OptionSpecs } from './command.ts'

/** What all commands understand. */
export const UNIVERSAL_OPTIONS: OptionSpecs = { v: {}, vv: {}, help: { short: 'h' } }

export interface ParsedArguments {
  readonly options: Readonly<Record<string, string | true | undefined>>
  readonly operands: readonly string[]
}

/**
 * Reads what stands behind a command: `--name value`, `--name=value`, `-n value`, switches, and
 * operands, in any order; everything behind `--` is an operand.
 *
 * @returns or what is wrong with it
 */
export function parseArguments(
  words: readonly string[],
  command: Pick<Command, 'options'>,
): ParsedArguments | { readonly fault: string } {
  const specs = { ...command.options, ...UNIVERSAL_OPTIONS }
  const options: Record<string, string | true> = {}
  const operands: string[] = []
  const queue = [...words]
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    if (word === '--') {
      operands.push(...queue.splice(0))
      continue
    }
    if (!word.startsWith('-') || word === '-') {
      operands.push(word)
      continue
    }
    const [flag, attached] = splitOnce(word, '=')
    const found = findOption(flag, specs)
    if (found === undefined) return { fault: `unrecognized parameter '${flag}'` }
    const [name, { takes }] = found
    if (takes === undefined) {
      options[name] = true
      continue
    }
    const value = attached ?? queue.shift()
    if (value === undefined) return { fault: `parameter '${flag}' needs a value` }
    if (takes === 'number' && Number.isNaN(Number(value)))
      return { fault: `${name}: unable to convert to number: ${value}` }
    options[name] = takes === 'lines' ? lineMore(options[name], value) : value
  }
  return { options, operands }
}

function lineMore(before: string | true | undefined, value: string): string {
  return before === undefined ? value : `${before}\n${value}`
}

function findOption(flag: string, specs: OptionSpecs): readonly [string, OptionSpec] | undefined {
  const name = flag.replace(/^--?/, '')
  if (flag.startsWith('--')) return Object.hasOwn(specs, name) ? [name, specs[name]!] : undefined
  return Object.entries(specs).find(([, { short }]) => short === name)
}

function splitOnce(text: string, separator: string): readonly [string, string?] {
  const at = text.indexOf(separator)
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}
