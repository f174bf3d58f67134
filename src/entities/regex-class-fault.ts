import { classEscapeAt, type RegexFault } from './regex-escape.ts'

/** Where the class that starts at a place ends, or why it is none. */
export function readClass(source: string, start: number): number | RegexFault {
  const outside = namedClassAt(source, start)
  if (outside !== undefined)
    return {
      message: outside.isCollating
        ? COLLATING
        : 'POSIX named classes are supported only within a class',
      at: start,
    }
  return new ClassReader(source, start).read()
}

const COLLATING = 'POSIX collating elements are not supported'

/** A letter's code, a kind of letter, or nothing that a range could start with. */
type Last = number | 'type' | undefined

class ClassReader {
  readonly #source: string
  #at: number
  #last: Last
  #isInRange = false
  #isQuoted = false

  constructor(source: string, start: number) {
    this.#source = source
    this.#at = start + (source[start + 1] === '^' ? 2 : 1)
  }

  read(): number | RegexFault {
    // A bracket in first place is a letter of the class, not its end.
    const first = this.#at
    while (this.#at < this.#source.length) {
      if (this.#source[this.#at] === ']' && this.#at !== first && !this.#isQuoted)
        return this.#at + 1
      const fault = this.#readMember()
      if (fault !== undefined) return fault
    }
    return { message: 'missing terminating ] for character class', at: this.#at }
  }

  #readMember(): RegexFault | undefined {
    if (this.#source.startsWith('\\E', this.#at)) {
      this.#isQuoted = false
      this.#at += 2
      return undefined
    }
    if (this.#isQuoted) return this.#takePlainLetter()
    const letter = this.#source[this.#at]
    if (letter === '\\') return this.#readEscape()
    const named = letter === '[' ? namedClassAt(this.#source, this.#at) : undefined
    if (named !== undefined) return this.#readNamed(named)
    return letter === '-' && this.#startsRange() ? this.#startRange() : this.#takePlainLetter()
  }

  /** Before the bracket that ends the class, a hyphen is a letter. */
  #startsRange(): boolean {
    return this.#last !== undefined && !this.#isInRange && this.#source[this.#at + 1] !== ']'
  }

  #startRange(): RegexFault | undefined {
    if (this.#last === 'type') return { message: WRONG_RANGE, at: this.#at }
    this.#isInRange = true
    this.#at += 1
    return undefined
  }

  #takePlainLetter(): RegexFault | undefined {
    const code = this.#source.codePointAt(this.#at)!
    return this.#takeLetter(code, this.#at + (code > 0xff_ff ? 2 : 1))
  }

  #takeLetter(code: number, end: number): RegexFault | undefined {
    this.#at = end
    if (!this.#isInRange) {
      this.#last = code
      return undefined
    }
    if (code < (this.#last as number))
      return { message: 'range out of order in character class', at: end - 1 }
    this.#isInRange = false
    this.#last = undefined
    return undefined
  }

  #takeType(end: number): undefined {
    this.#at = end
    this.#last = 'type'
    return undefined
  }

  #readEscape(): RegexFault | undefined {
    const escape = classEscapeAt(this.#source, this.#at)
    switch (escape.kind) {
      case 'fault':
        return escape
      case 'letter':
        return this.#takeLetter(escape.code, escape.end)
      case 'quote':
        this.#isQuoted = true
        this.#at = escape.end
        return undefined
      case 'type':
      case 'end-quote':
      case 'assertion':
      case 'reference':
        return this.#isInRange
          ? { message: WRONG_RANGE, at: escape.end }
          : this.#takeType(escape.end)
    }
  }

  #readNamed({ name, nameAt, end, isCollating }: NamedClass): RegexFault | undefined {
    if (this.#isInRange) return { message: WRONG_RANGE, at: this.#at + 1 }
    if (isCollating) return { message: COLLATING, at: this.#at }
    if (!POSIX_CLASSES.has(name)) return { message: 'unknown POSIX class name', at: nameAt }
    return this.#takeType(end)
  }
}

const WRONG_RANGE = 'invalid range in character class'

const POSIX_CLASSES = new Set(
  'alpha lower upper alnum ascii blank cntrl digit graph print punct space word xdigit'.split(' '),
)

interface NamedClass {
  readonly name: string
  readonly nameAt: number
  readonly end: number
  /** `[.….]` and `[=…=]`. */
  readonly isCollating: boolean
}

/** `[:name:]`, if that is what starts at a place. */
function namedClassAt(source: string, start: number): NamedClass | undefined {
  const mark = source[start + 1]
  if (mark === undefined || !':.='.includes(mark)) return undefined
  const end = namedClassEnd(source, start + 2, mark)
  if (end === undefined) return undefined
  const nameAt = start + (source.startsWith(':^', start + 1) ? 3 : 2)
  return { name: source.slice(nameAt, end), nameAt, end: end + 2, isCollating: mark !== ':' }
}

/** Where the mark stands that comes before the closing bracket. */
function namedClassEnd(source: string, start: number, mark: string): number | undefined {
  for (let at = start; at + 1 < source.length; at += 1) {
    const pair = source.slice(at, at + 2)
    if (pair === '\\]' || pair === '\\\\') at += 1
    else if (pair.startsWith(']') || pair === `[${mark}`) return undefined
    else if (pair === `${mark}]`) return at
  }
  return undefined
}
