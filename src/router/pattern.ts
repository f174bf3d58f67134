import { RE2JS } from 're2js'
import { fromBytes, toBytes } from './byte-text.ts'

/** A compiled regex over bytes; its time grows with the text's length alone. */
export interface Pattern {
  readonly source: string
  readonly groupCount: number
  test(bytes: string): boolean
  exec(bytes: string): PatternMatch | undefined
}

export interface PatternMatch {
  /** Everything that matched. */
  readonly matched: string
  /** Groups from number 1 on; those that took no part are `undefined`. */
  readonly groups: readonly (string | undefined)[]
  readonly named: Readonly<Record<string, string>>
}

export interface PatternOptions {
  /** Only at the start of the text. */
  readonly isAnchored: boolean
  readonly ignoresCase?: boolean
  /** `.` takes a byte rather than a character. */
  readonly isBytewise?: boolean
}

/** @throws {Error} when the source is no regex; see {@link regexFault} */
export function compilePattern(source: string, options: PatternOptions): Pattern {
  const flags = options.ignoresCase === true ? RE2JS.CASE_INSENSITIVE : 0
  const text = options.isBytewise === true ? toBytes(source) : source
  RE2JS.compile(text, flags)
  const regex = RE2JS.compile(options.isAnchored ? `^(?:${text})` : text, flags)
  const decode = options.isBytewise === true ? asIs : fromBytes
  const encode = options.isBytewise === true ? asIs : toBytes
  return {
    source,
    groupCount: regex.groupCount(),
    test: (bytes) => regex.test(decode(bytes)),
    exec(bytes) {
      const matcher = regex.matcher(decode(bytes))
      if (!matcher.find()) return undefined
      const groups: (string | undefined)[] = []
      for (let number = 1; number <= matcher.groupCount(); number += 1)
        groups.push(encodeIf(matcher.group(number), encode))
      const named: Record<string, string> = {}
      for (const [name, value] of Object.entries(matcher.getNamedGroups()))
        if (value !== null) named[name] = encode(value)
      return { matched: encode(matcher.group() ?? ''), groups, named }
    },
  }
}

function asIs(text: string): string {
  return text
}

function encodeIf(text: string | null, encode: (text: string) => string): string | undefined {
  return text === null ? undefined : encode(text)
}

/**
 * Why a text is no regex that a route can use, or `undefined`. Look-around and back-references are
 * none: no engine runs them in linear time.
 */
export function regexFault(source: string): string | undefined {
  try {
    RE2JS.compile(source)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

export function isRegex(source: string): boolean {
  return regexFault(source) === undefined
}
