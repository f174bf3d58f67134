import {
  ANY_BUT_NEWLINE,
  BEYOND,
  charset,
  complement,
  DIGITS,
  literalCharset,
  SPACE,
  union,
  withBothCases,
  WORD,
  type Charset,
} from './charset.ts'
import { isLinear, type Element } from './linear-time.ts'

/** A pattern of the simple kind, translated for the engine of the platform. */
export interface NativeRegex {
  /** For flags `u` or `iu`. */
  readonly source: string
  readonly ignoresCase: boolean
  /** Name of each group from number 1 on. */
  readonly groupNames: readonly (string | undefined)[]
  /** What every matching text begins with, if the pattern is anchored and minds case. */
  readonly prefix: string
}

/**
 * Translates a pattern for the platform's own engine, which is many times faster than one that
 * never backtracks, provided that it cannot backtrack badly on this pattern.
 *
 * Only the plain part of the syntax is known here: literals, classes, groups and alternatives
 * without a quantifier but `?`, and quantified single characters.
 *
 * @param isAnchored matched at the start of the text only
 * @returns `undefined` for patterns with anything else, or with more than linear time
 */
export function nativeRegex(
  pattern: string,
  options: { readonly isAnchored: boolean; readonly ignoresCase: boolean },
): NativeRegex | undefined {
  const reader = new Reader(pattern, options.ignoresCase)
  const startsAtStart = reader.skip('^')
  const parsed = reader.sequence()
  if (parsed === undefined || !reader.isAtEnd) return undefined
  const isAnchored = options.isAnchored || startsAtStart
  if (!isLinear(parsed.elements, isAnchored)) return undefined
  const { ignoresCase } = reader
  return {
    source: (startsAtStart && !options.isAnchored ? '^' : '') + parsed.source,
    ignoresCase,
    groupNames: reader.groupNames,
    prefix: ignoresCase || !isAnchored ? '' : literalPrefix(parsed.elements),
  }
}

function literalPrefix(elements: readonly Element[]): string {
  let prefix = ''
  for (const element of elements) {
    if (element.kind !== 'one' || element.literal === undefined) break
    prefix += element.literal
  }
  return prefix
}

interface Parsed {
  readonly source: string
  readonly elements: readonly Element[]
}

interface Atom {
  readonly source: string
  readonly set: Charset
  readonly literal: string | undefined
}

const GROUP_OPENING = /\((?:\?:|\?P?<([A-Za-z_]\w*)>|(?!\?))/y
const FLAG_I = '(?i)'
const QUANTIFIER = /(?:[*+?]|\{(\d{1,3})(?:(,)(\d{1,3})?)?\})\??/y
const LITERAL = /[^\\^$.|?*+()[\]{}]/u
const MAX_GROUP_DEPTH = 8

class Reader {
  readonly #pattern: string
  #at = 0
  #depth = 0
  #hasLetters = false
  ignoresCase: boolean
  readonly groupNames: (string | undefined)[] = []

  constructor(pattern: string, ignoresCase: boolean) {
    this.#pattern = pattern
    this.ignoresCase = ignoresCase
  }

  get isAtEnd(): boolean {
    return this.#at === this.#pattern.length
  }

  skip(text: string): boolean {
    if (!this.#pattern.startsWith(text, this.#at)) return false
    this.#at += text.length
    return true
  }

  /** Elements up to the end, a closing bracket or a bar. */
  sequence(): Parsed | undefined {
    const elements: Element[] = []
    let source = ''
    while (!this.isAtEnd && !/[|)]/.test(this.#pattern[this.#at]!)) {
      const next = this.#element()
      if (next === undefined) return undefined
      elements.push(...next.elements)
      source += next.source
    }
    return { source, elements }
  }

  #element(): Parsed | undefined {
    if (this.#pattern.startsWith('(', this.#at)) return this.#flagOrGroup()
    if (this.skip('$')) return { source: '$', elements: [{ kind: 'end' }] }
    const atom = this.#atom()
    return atom === undefined ? undefined : this.#quantified(atom)
  }

  /** A flag holds from where it stands; as no letter came before, it may as well hold throughout. */
  #flagOrGroup(): Parsed | undefined {
    if (this.#depth === 0 && !this.#hasLetters && this.skip(FLAG_I)) {
      this.ignoresCase = true
      return { source: '', elements: [] }
    }
    GROUP_OPENING.lastIndex = this.#at
    const opening = GROUP_OPENING.exec(this.#pattern)
    if (opening === null || this.#depth === MAX_GROUP_DEPTH) return undefined
    this.#at = GROUP_OPENING.lastIndex
    const isCapturing = opening[0] !== '(?:'
    if (isCapturing) {
      if (opening[1] !== undefined && this.groupNames.includes(opening[1])) return undefined
      this.groupNames.push(opening[1])
    }
    this.#depth += 1
    const branches = this.#branches()
    this.#depth -= 1
    if (branches === undefined || !this.skip(')')) return undefined
    return this.#group(branches, isCapturing ? '(' : '(?:')
  }

  #branches(): readonly Parsed[] | undefined {
    const branches: Parsed[] = []
    do {
      const branch = this.sequence()
      if (branch === undefined) return undefined
      branches.push(branch)
    } while (this.skip('|'))
    return branches
  }

  #group(branches: readonly Parsed[], opening: string): Parsed | undefined {
    const source = `${opening}${branches.map((branch) => branch.source).join('|')})`
    const isOptional = this.skip('?')
    if (/[*+?{]/.test(this.#pattern[this.#at] ?? '')) return undefined
    if (branches.length === 1 && !isOptional) return { source, elements: branches[0]!.elements }
    const options = branches.map((branch) => branch.elements)
    if (isOptional) options.push([])
    return { source: source + (isOptional ? '?' : ''), elements: [{ kind: 'choice', options }] }
  }

  #quantified(atom: Atom): Parsed | undefined {
    const { set, literal } = atom
    QUANTIFIER.lastIndex = this.#at
    const quantifier = QUANTIFIER.exec(this.#pattern)
    if (quantifier === null)
      return { source: atom.source, elements: [{ kind: 'one', set, literal }] }
    this.#at = QUANTIFIER.lastIndex
    if (/[*+?{]/.test(this.#pattern[this.#at] ?? '')) return undefined
    const element = repetition(set, quantifier)
    return element && { source: atom.source + quantifier[0], elements: element }
  }

  #atom(): Atom | undefined {
    if (this.skip('.')) return { source: '[^\\n]', set: ANY_BUT_NEWLINE, literal: undefined }
    if (this.skip('[')) return this.#class()
    if (this.skip('\\')) return this.#escape()
    const character = String.fromCodePoint(this.#pattern.codePointAt(this.#at)!)
    if (!LITERAL.test(character)) return undefined
    this.#at += character.length
    return this.#literal(character)
  }

  #literal(character: string): Atom {
    if (/[^\0-@[-`{-\x7F]/.test(character)) this.#hasLetters = true
    return {
      source: /[/\-&~!#%,:;<=>@`"'\s]/.test(character) ? escaped(character) : character,
      // In both cases, since the flag for that may still follow.
      set: literalCharset(character.codePointAt(0)!),
      literal: character,
    }
  }

  #escape(): Atom | undefined {
    const character = this.#pattern[this.#at] ?? ''
    this.#at += 1
    const named = SHORTHANDS.get(character)
    if (named !== undefined) return { source: named.source, set: named.set, literal: undefined }
    if (!/[!-/:-@[-`{-~]/.test(character)) return undefined
    return {
      source: escaped(character),
      set: literalCharset(character.charCodeAt(0)),
      literal: character,
    }
  }

  /** The rest of a class, behind its opening bracket. */
  #class(): Atom | undefined {
    const isNegated = this.skip('^')
    let source = ''
    let set = charset()
    while (!this.skip(']')) {
      const member = this.#classMember()
      if (member === undefined) return undefined
      source += member.source
      set = union(set, member.set)
    }
    if (source === '') return undefined
    this.#hasLetters = true
    return {
      source: `[${isNegated ? '^' : ''}${source}]`,
      set: withBothCases(isNegated ? complement(set) : set),
      literal: undefined,
    }
  }

  #classMember(): { readonly source: string; readonly set: Charset } | undefined {
    const low = this.#classCharacter()
    if (low === undefined || typeof low !== 'string') return low
    const isRange = this.#pattern[this.#at] === '-' && this.#pattern[this.#at + 1] !== ']'
    if (!isRange) return { source: escaped(low), set: charset(low.codePointAt(0)!) }
    this.#at += 1
    const high = this.#classCharacter()
    if (typeof high !== 'string' || high.codePointAt(0)! < low.codePointAt(0)!) return undefined
    const set = charset([low.codePointAt(0)!, high.codePointAt(0)!])
    return { source: `${escaped(low)}-${escaped(high)}`, set }
  }

  /** A character, or what a shorthand stands for. */
  #classCharacter(): string | { readonly source: string; readonly set: Charset } | undefined {
    if (this.skip('\\')) {
      const character = this.#pattern[this.#at] ?? ''
      this.#at += 1
      const named = SHORTHANDS.get(character)
      if (named !== undefined) return named.inClass
      return /[!-/:-@[-`{-~]/.test(character) ? character : undefined
    }
    const point = this.#pattern.codePointAt(this.#at)
    // `[` may begin a POSIX class, and doubled signs mean set operations elsewhere.
    if (point === undefined || point === 91) return undefined
    const character = String.fromCodePoint(point)
    if (/[&~-]/.test(character) && this.#pattern[this.#at + 1] === character) return undefined
    this.#at += character.length
    return character
  }
}

function repetition(set: Charset, quantifier: RegExpExecArray): readonly Element[] | undefined {
  const [sign] = quantifier[0]
  if (sign === '*') return [{ kind: 'many', set, isOptional: true }]
  if (sign === '+') return [{ kind: 'many', set, isOptional: false }]
  if (sign === '?')
    return [{ kind: 'choice', options: [[{ kind: 'one', set, literal: undefined }], []] }]
  const least = Number(quantifier[1])
  const most = quantifier[2] === undefined ? least : Number(quantifier[3] ?? Infinity)
  if (most < least) return undefined
  if (least === most)
    return Array.from({ length: least }, () => ({ kind: 'one', set, literal: undefined }) as const)
  return [{ kind: 'many', set, isOptional: least === 0 }]
}

/** Every sign with a meaning, written so that flag `u` takes it for itself. */
function escaped(character: string): string {
  if (/[\^$\\.*+?()[\]{}|/]/.test(character)) return `\\${character}`
  if (/^[\w]$/.test(character) || character.codePointAt(0)! >= BEYOND) return character
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
}

interface Shorthand {
  readonly source: string
  readonly set: Charset
  readonly inClass: { readonly source: string; readonly set: Charset } | undefined
}

function shorthand(members: string, set: Charset): readonly [Shorthand, Shorthand] {
  const inClass = { source: members, set }
  return [
    { source: `[${members}]`, set, inClass },
    { source: `[^${members}]`, set: complement(set), inClass: undefined },
  ]
}

const [DIGIT, NO_DIGIT] = shorthand('0-9', DIGITS)
const [WORDS, NO_WORD] = shorthand('0-9A-Za-z_', WORD)
const [SPACES, NO_SPACE] = shorthand('\\t\\n\\f\\r ', SPACE)

/** ASCII only, as in RE2; the platform's own `\s` knows more. */
const SHORTHANDS: ReadonlyMap<string, Shorthand> = new Map([
  ['d', DIGIT],
  ['D', NO_DIGIT],
  ['w', WORDS],
  ['W', NO_WORD],
  ['s', SPACES],
  ['S', NO_SPACE],
])
