/**
 * Why a text is no regular expression, in the words of PCRE2 as nginx passes them on, or
 * `undefined`. Only syntax is looked at; what the gateway's own engine cannot run is another question.
 *
 * @see pcre2pattern(3)
 */
export function regexFault(source: string): string | undefined {
  const fault = new RegexReader(source).read()
  if (fault === undefined) return undefined
  const rest = source.slice(fault.at)
  return `pcre2_compile() failed: ${fault.message} in "${source}"${rest === '' ? '' : ` at "${rest}"`}`
}

interface Fault {
  readonly message: string
  readonly at: number
}

/** Walks over a pattern once, keeping what is open. */
class RegexReader {
  readonly #source: string
  #at = 0
  #depth = 0
  #groups = 0
  #largestReference = 0
  #names = new Set<string>()
  /** Whether a quantifier may follow. */
  #isRepeatable = false

  constructor(source: string) {
    this.#source = source
  }

  read(): Fault | undefined {
    while (this.#at < this.#source.length) {
      const fault = this.#readItem()
      if (fault !== undefined) return fault
    }
    if (this.#depth > 0) return this.#fault('missing closing parenthesis')
    return this.#largestReference > this.#groups
      ? this.#fault('reference to non-existent subpattern')
      : undefined
  }

  #fault(message: string, at: number = this.#source.length): Fault {
    return { message, at }
  }

  #readItem(): Fault | undefined {
    const letter = this.#source[this.#at]!
    switch (letter) {
      case '\\':
        return this.#readEscape()
      case '[':
        return this.#readClass()
      case '(':
        return this.#openGroup()
      case ')':
        return this.#closeGroup()
      case '*':
      case '+':
      case '?':
        return this.#repeat(1)
      case '{':
        return this.#readBraces()
      default:
        this.#at += 1
        this.#isRepeatable = letter !== '|' && letter !== '^'
        return undefined
    }
  }

  #readEscape(): Fault | undefined {
    const next = this.#source[this.#at + 1]
    if (next === undefined) return this.#fault('\\ at end of pattern')
    if (next === 'Q') {
      const end = this.#source.indexOf('\\E', this.#at)
      this.#at = end === -1 ? this.#source.length : end + 2
    } else {
      if (/[1-9]/.test(next) && !/\d/.test(this.#source[this.#at + 2] ?? ''))
        this.#largestReference = Math.max(this.#largestReference, Number(next))
      this.#at += 2
    }
    this.#isRepeatable = true
    return undefined
  }

  #openGroup(): Fault | undefined {
    this.#depth += 1
    this.#isRepeatable = false
    this.#at += 1
    if (this.#source[this.#at] !== '?') {
      if (this.#source[this.#at] !== '*') this.#groups += 1
      return undefined
    }
    return this.#readGroupHead()
  }

  /** What may follow `(?`. */
  #readGroupHead(): Fault | undefined {
    const rest = this.#source.slice(this.#at + 1)
    const plain = /^(?:[:=!|>]|<[=!])/.exec(rest)
    if (plain !== null) return this.#advance(1 + plain[0].length)
    if (rest.startsWith('#')) return this.#readComment()
    const name = /^(?:P?<|')([A-Za-z_]\w*)[>']/.exec(rest)
    if (name !== null) return this.#nameGroup(name[0], name[1]!)
    if (/^(?:P?<|')/.test(rest))
      return this.#fault('syntax error in subpattern name (missing terminator?)')
    const options = /^\^?[imsxnJU]*(?:-[imsxnJU]*)?[:)]/.exec(rest)
    if (options !== null) return this.#setOptions(options[0])
    if (/^(?:R|\d|[+-]\d|&|P[=>]|\(|C)/.test(rest)) return this.#advance(1)
    return this.#fault('unrecognized character after (? or (?-', this.#at + 1)
  }

  #advance(by: number): undefined {
    this.#at += by
    return undefined
  }

  #readComment(): Fault | undefined {
    const end = this.#source.indexOf(')', this.#at)
    if (end === -1) return this.#fault('missing ) after (?# comment')
    this.#depth -= 1
    this.#at = end + 1
    return undefined
  }

  #nameGroup(head: string, name: string): Fault | undefined {
    const end = this.#at + 1 + head.length
    if (this.#names.has(name))
      return this.#fault(
        'two named subpatterns have the same name (PCRE2_DUPNAMES not set)',
        end - 1,
      )
    this.#names.add(name)
    this.#groups += 1
    this.#at = end
    return undefined
  }

  #setOptions(head: string): undefined {
    if (head.endsWith(')')) this.#depth -= 1
    this.#at += 1 + head.length
    return undefined
  }

  #closeGroup(): Fault | undefined {
    if (this.#depth === 0) return this.#fault('unmatched closing parenthesis', this.#at)
    this.#depth -= 1
    this.#at += 1
    this.#isRepeatable = true
    return undefined
  }

  #repeat(length: number): Fault | undefined {
    if (!this.#isRepeatable)
      return this.#fault('quantifier does not follow a repeatable item', this.#at)
    this.#at += length
    // Lazy and possessive forms.
    if (/[?+]/.test(this.#source[this.#at] ?? '')) this.#at += 1
    this.#isRepeatable = false
    return undefined
  }

  /** Braces that hold no numbers are letters. */
  #readBraces(): Fault | undefined {
    const found = /^\{(\d+)(?:,(\d*))?\}/.exec(this.#source.slice(this.#at))
    if (found === null) {
      this.#isRepeatable = true
      return this.#advance(1)
    }
    const [text, least, most] = found
    const end = this.#at + text.length - 1
    if (Number(least) > 65_535 || Number(most ?? 0) > 65_535)
      return this.#fault('number too big in {} quantifier', end)
    if (most !== undefined && most !== '' && Number(most) < Number(least))
      return this.#fault('numbers out of order in {} quantifier', end)
    return this.#repeat(text.length)
  }

  #readClass(): Fault | undefined {
    let at = this.#at + 1
    if (this.#source[at] === '^') at += 1
    // A bracket in first place is a letter of the class, not its end.
    const first = at
    while (this.#source[at] !== ']' || at === first) {
      const member = CLASS_MEMBER.exec(this.#source.slice(at))
      if (member === null) return this.#fault('missing terminating ] for character class')
      const [text, from, to] = member
      if (text.startsWith('[:') && !POSIX_CLASSES.has(text.slice(2, -2).replace(/^\^/, '')))
        return this.#fault('unknown POSIX class name', at)
      if (to !== undefined && codeOf(from!) > codeOf(to))
        return this.#fault('range out of order in character class', at + text.length - 1)
      at += text.length
    }
    this.#at = at + 1
    this.#isRepeatable = true
    return undefined
  }
}

/** A named class, a range of two letters, or one letter. */
const CLASS_MEMBER =
  /^(?:\[:\^?\w+:\]|(\\[^dDwWsSpPbhHvV]|[^\\])-(\\[^dDwWsSpPbhHvVQE]|[^\\\]])|\\[^]|[^\\])/u

const POSIX_CLASSES = new Set(
  'alpha lower upper alnum ascii blank cntrl digit graph print punct space word xdigit'.split(' '),
)

function codeOf(member: string): number {
  // Escapes such as \x41 or \n are not worked out: they never break the order here.
  if (/^\\[A-Za-z0-9]/.test(member)) return Number.NaN
  return member.codePointAt(member.length > 1 && member.startsWith('\\') ? 1 : 0)!
}
