import { re2 } from '../base/late-modules.ts'
import { fromBytes, toBytes } from './byte-text.ts'
import { nativeRegex, type NativeRegex } from './native-regex.ts'

/** A compiled regex over bytes; its time grows with the text's length alone. */
export interface Pattern {
  /** Bytes that every match begins with. */
  readonly prefix: string
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

/**
 * Compiles a regex of the syntax that PCRE and Rust share with RE2.
 *
 * @throws {Error} when the source is none; {@link regexFault} says why
 */
export function compilePattern(source: string, options: PatternOptions): Pattern {
  const { isAnchored, ignoresCase = false, isBytewise = false } = options
  const text = isBytewise ? toBytes(source) : source
  const native = nativeRegex(text, { isAnchored, ignoresCase })
  const run =
    native === undefined
      ? runWithoutBacktracking(text, isAnchored, ignoresCase)
      : runNatively(native, isAnchored)
  const prefix = native?.prefix ?? ''
  if (isBytewise) return { prefix, ...run }
  return {
    prefix: toBytes(prefix),
    test: (bytes) => run.test(fromBytes(bytes)),
    exec(bytes) {
      const characters = fromBytes(bytes)
      const match = run.exec(characters)
      return characters === bytes || match === undefined ? match : matchInBytes(match)
    },
  }
}

type Run = Pick<Pattern, 'test' | 'exec'>

function runNatively(native: NativeRegex, isAnchored: boolean): Run {
  const flags = `u${isAnchored ? 'y' : ''}${native.ignoresCase ? 'i' : ''}`
  const regex = new RegExp(native.source, flags)
  const { groupNames } = native
  return {
    test(text) {
      regex.lastIndex = 0
      return regex.test(text)
    },
    exec(text) {
      regex.lastIndex = 0
      const match = regex.exec(text)
      if (match === null) return undefined
      if (groupNames.length === 0) return { matched: match[0], groups: NO_GROUPS, named: NO_NAMES }
      const named: Record<string, string> = {}
      for (let at = 0; at < groupNames.length; at += 1) {
        const name = groupNames[at]
        const value: string | undefined = match[at + 1]
        if (name !== undefined && value !== undefined) named[name] = value
      }
      return { matched: match[0], groups: match.slice(1), named }
    },
  }
}

const NO_GROUPS: readonly string[] = []
const NO_NAMES: Readonly<Record<string, string>> = {}

function runWithoutBacktracking(text: string, isAnchored: boolean, ignoresCase: boolean): Run {
  const RE2JS = re2()
  const flags = ignoresCase ? RE2JS.CASE_INSENSITIVE : 0
  // By itself first: `a)(b` would become valid inside the group.
  const plain = RE2JS.compile(text, flags)
  const regex = isAnchored ? RE2JS.compile(`^(?:${text})`, flags) : plain
  return {
    test: (subject) => regex.test(subject),
    exec(subject) {
      const matcher = regex.matcher(subject)
      if (!matcher.find()) return undefined
      const groups: (string | undefined)[] = []
      for (let number = 1; number <= matcher.groupCount(); number += 1)
        groups.push(matcher.group(number) ?? undefined)
      const named: Record<string, string> = {}
      for (const [name, value] of Object.entries(matcher.getNamedGroups()))
        if (value !== null) named[name] = value
      return { matched: matcher.group() ?? '', groups, named }
    },
  }
}

function matchInBytes({ matched, groups, named }: PatternMatch): PatternMatch {
  return {
    matched: toBytes(matched),
    groups: groups.map((group) => (group === undefined ? undefined : toBytes(group))),
    named: Object.fromEntries(Object.entries(named).map(([name, value]) => [name, toBytes(value)])),
  }
}

/**
 * Why a text is no regex that a route can use, or `undefined`. Look-around and back-references are
 * none: no engine runs them in linear time.
 */
export function regexFault(source: string): string | undefined {
  if (nativeRegex(source, { isAnchored: true, ignoresCase: false }) !== undefined) return undefined
  try {
    re2().compile(source)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

export function isRegex(source: string): boolean {
  return regexFault(source) === undefined
}
