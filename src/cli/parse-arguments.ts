import type { Command, OptionSpec, OptionSpecs } from './command.ts'

/** What all commands understand. */
export const UNIVERSAL_OPTIONS: OptionSpecs = { v: {}, vv: {}, help: { short: 'h' } }

export interface ParsedArguments {
  readonly options: Readonly<Record<string, string | true | undefined>>
  readonly operands: readonly string[]
}

/**
 * Reads what stands behind a command: `--name value`, `--name=value`, `-n value`, `-nvalue`,
 * switches, and operands, in any order; everything behind `--` is an operand.
 *
 * @returns or what is wrong with it, in the words of Kong's command line
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
    const { name, spec, attached } = readFlag(word, specs)
    if (spec === undefined) return { fault: `unrecognized parameter: ${name}` }
    const { takes } = spec
    if (takes === undefined) {
      options[name] = true
      continue
    }
    const value = attached ?? queue.shift()
    if (value === undefined) return { fault: `${name} was expecting a value` }
    if (takes === 'number' && Number.isNaN(Number(value)))
      return { fault: `unable to convert to number: ${value}` }
    options[name] = takes === 'lines' ? lineMore(options[name], value) : value
  }
  return { options, operands }
}

function lineMore(before: string | true | undefined, value: string): string {
  return before === undefined ? value : `${before}\n${value}`
}

interface Flag {
  readonly name: string
  /** Nothing for a flag that no option has. */
  readonly spec: OptionSpec | undefined
  readonly attached?: string
}

function readFlag(word: string, specs: OptionSpecs): Flag {
  const [name, ...rest] = word.replace(/^--?/, '').split('=')
  const attached = rest.length === 0 ? {} : { attached: rest.join('=') }
  const long = Object.hasOwn(specs, name!) ? specs[name!] : undefined
  if (word.startsWith('--') || (long !== undefined && name!.length > 1))
    return { name: name!, spec: long, ...attached }
  const found = Object.entries(specs).find(([, { short }]) => short === name![0])
  if (found === undefined) return { name: name!, spec: undefined }
  const [longName, spec] = found
  return { name: longName, spec, ...(name!.length > 1 ? { attached: word.slice(2) } : attached) }
}
