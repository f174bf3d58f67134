import { readClass } from './regex-class-fault.ts'
import { escapeAt, groupNumber, readName, type RegexFault } from './regex-escape.ts'

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

interface OpenGroup {
  readonly start: number
  readonly looksBehind: boolean
  /** Alternatives of `(?|` number their groups anew; this is where each starts. */
  readonly resetsTo?: number
  mostGroups: number
}

interface Reference {
  readonly to: number | string
  readonly at: number
}

/** Walks over a pattern once, keeping what is open. */
class RegexReader {
  readonly #source: string
  #at = 0
  readonly #open: OpenGroup[] = []
  #groups = 0
  readonly #references: Reference[] = []
  readonly #names = new Map<string, number>()
  /** Where the outermost look-behind starts that has no longest match. */
  #unlimited: number | undefined
  /** Whether a quantifier may follow. */
  #isRepeatable = false

  constructor(source: string) {
    this.#source = source
  }

  read(): RegexFault | undefined {
    while (this.#at < this.#source.length) {
      const fault = this.#readItem()
      if (fault !== undefined) return fault
    }
    if (this.#open.length > 0) return this.#fault('missing closing parenthesis')
    if (this.#unlimited !== undefined)
      return this.#fault('length of lookbehind assertion is not limited', this.#unlimited)
    const dangling = this.#references.find(({ to }) =>
      typeof to === 'string' ? !this.#names.has(to) : to > this.#groups || to < 0,
    )
    return dangling && this.#fault('reference to non-existent subpattern', dangling.at)
  }

  #fault(message: string, at: number = this.#source.length): RegexFault {
    return { message, at }
  }

  #readItem(): RegexFault | undefined {
    const letter = this.#source[this.#at]!
    switch (letter) {
      case '\\':
        return this.#readEscape()
      case '[': {
        const found = readClass(this.#source, this.#at)
        return typeof found === 'number' ? this.#goTo(found, true) : found
      }
      case '(':
        return this.#openGroup()
      case ')':
        return this.#closeGroup()
      case '*':
      case '+':
        return this.#repeat(1, true)
      case '?':
        return this.#repeat(1, false)
      case '{':
        return this.#readBraces()
      case '|':
        this.#startAlternative()
        return this.#goTo(this.#at + 1, false)
      default:
        return this.#goTo(this.#at + 1, letter !== '^' && letter !== '$')
    }
  }

  #goTo(at: number, isRepeatable: boolean): undefined {
    this.#at = at
    this.#isRepeatable = isRepeatable
    return undefined
  }

  #readEscape(): RegexFault | undefined {
    const escape = escapeAt(this.#source, this.#at, this.#groups)
    switch (escape.kind) {
      case 'fault':
        return escape
      case 'quote': {
        const end = this.#source.indexOf('\\E', this.#at)
        const isEmpty = end === this.#at + 2
        return this.#goTo(
          end === -1 ? this.#source.length : end + 2,
          isEmpty ? this.#isRepeatable : true,
        )
      }
      case 'end-quote':
        return this.#goTo(escape.end, this.#isRepeatable)
      case 'reference':
        this.#references.push({ to: escape.to, at: escape.at })
        return this.#goTo(escape.end, true)
      case 'assertion':
        return this.#goTo(escape.end, false)
      case 'letter':
      case 'type':
        return this.#goTo(escape.end, true)
    }
  }

  #openGroup(): RegexFault | undefined {
    const next = this.#source[this.#at + 1]
    if (next === '?') return this.#readGroupHead()
    const verb = /^\(\*(?=[^)])(\w*)/.exec(this.#source.slice(this.#at))
    if (verb !== null) return this.#readVerb(verb[1]!)
    this.#groups += 1
    return this.#enter(this.#at + 1)
  }

  #enter(inside: number, rest: { looksBehind?: boolean; resetsTo?: number } = {}): undefined {
    this.#open.push({ start: this.#at, looksBehind: false, mostGroups: this.#groups, ...rest })
    return this.#goTo(inside, false)
  }

  /** `(*COMMIT)`, `(*MARK:name)`, `(*atomic:…)`. */
  #readVerb(name: string): RegexFault | undefined {
    const end = this.#at + 2 + name.length
    if (/^[a-z]/.test(name)) {
      const isKnown = ALPHA_ASSERTIONS.test(name) && this.#source[end] === ':'
      return isKnown ? this.#enter(end + 1) : this.#fault('(*alpha_assertion) not recognized', end)
    }
    const argument = /^(?::[^)]*)?\)/.exec(this.#source.slice(end))
    if (!VERBS.has(name) || argument === null)
      return this.#fault('(*VERB) not recognized or malformed', end)
    return this.#goTo(end + argument[0].length, false)
  }

  /** What may follow `(?`. */
  #readGroupHead(): RegexFault | undefined {
    const head = this.#at + 2
    const rest = this.#source.slice(head)
    const plain = /^(?:[:=!>|*]|<[=!*])/.exec(rest)?.[0]
    if (plain !== undefined)
      return this.#enter(head + plain.length, {
        looksBehind: plain.length === 2,
        ...(plain === '|' && { resetsTo: this.#groups }),
      })
    if (rest === '' || rest === 'P' || rest === 'C')
      return this.#fault('missing closing parenthesis')
    if (rest.startsWith('#')) return this.#readComment()
    if (rest.startsWith('(')) return this.#readCondition(head)
    if (rest.startsWith('C')) return this.#readCallout(head)
    if (/^(?:R|[+-]?\d)/.test(rest)) return this.#readRecursion(head)
    return this.#readNamedHead(head, rest)
  }

  /** `(?<name>…)`, `(?P>name)`, and last of all options. */
  #readNamedHead(head: number, rest: string): RegexFault | undefined {
    const named = /^(?:P?(<)|('))/.exec(rest)
    if (named !== null)
      return this.#nameGroup(head + named[0].length, named[1] === undefined ? "'" : '>')
    const reference = /^(?:P[=>]|&)/.exec(rest)
    if (reference !== null) return this.#readNamedReference(head + reference[0].length)
    return rest.startsWith('P')
      ? this.#fault('unrecognized character after (?P', head + 1)
      : this.#setOptions(head)
  }

  #readComment(): RegexFault | undefined {
    const end = this.#source.indexOf(')', this.#at)
    return end === -1
      ? this.#fault('missing ) after (?# comment')
      : this.#goTo(end + 1, this.#isRepeatable)
  }

  #nameGroup(start: number, end: string): RegexFault | undefined {
    const name = readName(this.#source, start, end)
    if (typeof name !== 'string') return name
    const inside = start + name.length + 1
    const number = this.#groups + 1
    const known = this.#names.get(name)
    if (known !== undefined && known !== number)
      return this.#fault(
        'two named subpatterns have the same name (PCRE2_DUPNAMES not set)',
        inside,
      )
    this.#names.set(name, number)
    this.#groups = number
    return this.#enter(inside)
  }

  #readNamedReference(start: number): RegexFault | undefined {
    const name = readName(this.#source, start, ')')
    if (typeof name !== 'string') return name
    this.#references.push({ to: name, at: start })
    return this.#goTo(start + name.length + 1, true)
  }

  /** The pattern or a group of it once more: `(?R)`, `(?1)`, `(?-1)`. */
  #readRecursion(head: number): RegexFault | undefined {
    const [text, sign, digits] = /^(?:R|([+-]?)(\d+))/.exec(this.#source.slice(head))!
    const end = head + text.length
    if (this.#source[end] !== ')')
      return digits === undefined
        ? this.#fault('(?R (recursive pattern call) must be followed by a closing parenthesis', end)
        : this.#fault('missing closing parenthesis', end)
    const to = groupNumber(sign ?? '', Number(digits ?? 0), this.#groups)
    this.#references.push({ to, at: end })
    return this.#goTo(end + 1, true)
  }

  /** `(?(1)…)`, `(?(<name>)…)`, `(?(R)…)`, `(?(?=…)…)`. */
  #readCondition(head: number): RegexFault | undefined {
    const rest = this.#source.slice(head)
    if (rest === '(') return this.#fault('missing closing parenthesis')
    if (/^\([?*]/.test(rest)) return this.#enter(head)
    const found = /^\((?:[+-]?\d+|<\w+>|'\w+'|R&\w+|VERSION>?=[\d.]+|\w+)/.exec(rest)?.[0]
    const end = head + (found?.length ?? 1)
    if (this.#source[end] !== ')')
      return this.#fault('missing closing parenthesis for condition', end)
    this.#addCondition(found!, head)
    return this.#enter(end + 1)
  }

  #addCondition(condition: string, head: number): void {
    const found = CONDITION_OF_GROUP.exec(condition)?.groups
    if (found === undefined) return
    if (found['number'] !== undefined)
      this.#references.push({ to: Number(found['number']), at: head })
    else
      this.#references.push({
        to: (found['marked'] ?? found['plain'])!,
        at: head + (found['plain'] === undefined ? 2 : 1),
      })
  }

  #readCallout(head: number): RegexFault | undefined {
    const end = this.#source.indexOf(')', head)
    return end === -1 ? this.#fault('missing closing parenthesis') : this.#goTo(end + 1, true)
  }

  /** `(?i)`, `(?i-s:…)`. */
  #setOptions(head: number): RegexFault | undefined {
    const letters = /^\^?(?:[imsxnrJU]|a[DSWPT]?)*(?:-(?:[imsxnrJU]|a[DSWPT]?)*)?/.exec(
      this.#source.slice(head),
    )![0]
    const end = head + letters.length
    const after = this.#source[end]
    if (after === undefined) return this.#fault('missing closing parenthesis')
    if (after === ':') return this.#enter(end + 1)
    if (after === ')') return this.#goTo(end + 1, false)
    return this.#fault('unrecognized character after (? or (?-', end)
  }

  #startAlternative(): void {
    const group = this.#open.at(-1)
    if (group?.resetsTo === undefined) return
    group.mostGroups = Math.max(group.mostGroups, this.#groups)
    this.#groups = group.resetsTo
  }

  #closeGroup(): RegexFault | undefined {
    const group = this.#open.pop()
    if (group === undefined) return this.#fault('unmatched closing parenthesis', this.#at)
    if (group.resetsTo !== undefined) this.#groups = Math.max(group.mostGroups, this.#groups)
    return this.#goTo(this.#at + 1, true)
  }

  #repeat(length: number, isUnlimited: boolean): RegexFault | undefined {
    if (!this.#isRepeatable)
      return this.#fault('quantifier does not follow a repeatable item', this.#at + length - 1)
    if (isUnlimited) this.#unlimited ??= this.#open.find((group) => group.looksBehind)?.start
    const end = this.#at + length
    // Lazy and possessive forms.
    return this.#goTo(/[?+]/.test(this.#source[end] ?? '') ? end + 1 : end, false)
  }

  /** Braces that hold no numbers are letters. */
  #readBraces(): RegexFault | undefined {
    const found = /^\{ *(?:(\d+) *(?:(,) *(\d*))?|(,) *(\d+)) *\}/.exec(
      this.#source.slice(this.#at),
    )
    if (found === null) return this.#goTo(this.#at + 1, true)
    const [text, least = '0', comma, upTo, , most = upTo] = found
    for (const number of [least, most])
      if (Number(number ?? 0) > MOST_REPEATS) {
        const end = this.#at + text.indexOf(number!) + number!.length
        return this.#fault('number too big in {} quantifier', end)
      }
    if (most !== undefined && most !== '' && Number(most) < Number(least))
      return this.#fault('numbers out of order in {} quantifier', this.#at + text.length - 1)
    return this.#repeat(text.length, comma !== undefined && most === '')
  }
}

const CONDITION_OF_GROUP =
  /^\((?:(?<number>\d+)|<(?<marked>\w+)>|'(?<marked>\w+)'|(?!R\d*$|DEFINE$)(?<plain>[A-Za-z_]\w*))$/

const MOST_REPEATS = 65_535

const VERBS = new Set(['', 'ACCEPT', 'COMMIT', 'F', 'FAIL', 'MARK', 'PRUNE', 'SKIP', 'THEN'])

const ALPHA_ASSERTIONS =
  /^(?:na?pl[ab]|n?[pn]l[ab]|(?:non_atomic_)?(?:positive|negative)_look(?:ahead|behind)|atomic|a?sr|(?:atomic_)?script_run)$/
