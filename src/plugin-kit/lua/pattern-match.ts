import { luaClass } from './pattern-class.ts'
import { LuaError } from './lua-error.ts'
import type { Meter } from './meter.ts'

export interface LuaMatch {
  readonly start: number
  readonly end: number
  /** Texts, or positions from 1 on. Empty when the pattern has no captures. */
  readonly captures: readonly (string | number)[]
}

/**
 * Finds a Lua pattern in a text. It goes through the text as Lua does, with every step counted.
 * @param from 0-based
 */
export function findPattern(
  pattern: string,
  text: string,
  from: number,
  meter: Meter,
): LuaMatch | undefined {
  const isAnchored = pattern.startsWith('^')
  for (let start = from; start <= text.length; start += 1) {
    const matcher = new Matcher(pattern, text, meter)
    const end = matcher.match(start, isAnchored ? 1 : 0)
    if (end !== -1) return { start, end, captures: matcher.captures() }
    if (isAnchored) return undefined
  }
  return undefined
}

interface Capture {
  readonly start: number
  /** -1 while it is open, -2 for a position. */
  length: number
}

const OPEN = -1
const POSITION = -2
const MAX_DEPTH = 200

/** One attempt, at one place. Its parts are those of Lua's own matcher. */
class Matcher {
  readonly #pattern: string
  readonly #text: string
  readonly #meter: Meter
  #captures: Capture[] = []
  #depth = 0

  constructor(pattern: string, text: string, meter: Meter) {
    this.#pattern = pattern
    this.#text = text
    this.#meter = meter
  }

  captures(): readonly (string | number)[] {
    return this.#captures.map((capture) => this.#valueOf(capture))
  }

  #valueOf({ start, length }: Capture): string | number {
    if (length === POSITION) return start + 1
    if (length === OPEN) throw new LuaError('unfinished capture')
    return this.#text.slice(start, start + length)
  }

  /** @returns where the match ends, -1 for none */
  match(at: number, item: number): number {
    this.#depth += 1
    if (this.#depth > MAX_DEPTH) throw new LuaError('pattern too complex')
    const end = this.#matchHere(at, item)
    this.#depth -= 1
    return end
  }

  #matchHere(at: number, item: number): number {
    let place = at
    let next = item
    for (;;) {
      this.#meter.step()
      if (next >= this.#pattern.length) return place
      const special = this.#special(place, next)
      if (special !== undefined) return special
      const end = this.#itemEnd(next)
      const suffix = this.#pattern[end]
      if (suffix === '*') return this.#greedy(place, next, 0)
      if (suffix === '+') return this.#greedy(place, next, 1)
      if (suffix === '-') return this.#lazy(place, next)
      const isMatch = this.#isSingleMatch(place, next)
      if (suffix === '?') {
        const found = isMatch ? this.match(place + 1, end + 1) : -1
        if (found !== -1) return found
        next = end + 1
      } else {
        if (!isMatch) return -1
        place += 1
        next = end
      }
    }
  }

  /** Items that are not single letters; `undefined` for one that is. */
  #special(at: number, item: number): number | undefined {
    const letter = this.#pattern[item]
    if (letter === '(')
      return this.#pattern[item + 1] === ')'
        ? this.#open(at, item + 2, POSITION)
        : this.#open(at, item + 1, OPEN)
    if (letter === ')') return this.#close(at, item + 1)
    if (letter === '$' && item + 1 === this.#pattern.length)
      return at === this.#text.length ? at : -1
    if (letter !== '%') return undefined
    const kind = this.#pattern[item + 1] ?? ''
    if (kind === 'b') return this.#balanced(at, item + 2)
    if (kind === 'f') return this.#frontier(at, item + 2)
    return /\d/.test(kind) ? this.#backReference(at, item, Number(kind)) : undefined
  }

  #open(at: number, item: number, length: number): number {
    this.#captures.push({ start: at, length })
    const end = this.match(at, item)
    if (end === -1) this.#captures.pop()
    return end
  }

  #close(at: number, item: number): number {
    const capture = this.#captures.findLast(({ length }) => length === OPEN)
    if (capture === undefined) throw new LuaError('invalid pattern capture')
    capture.length = at - capture.start
    const end = this.match(at, item)
    if (end === -1) capture.length = OPEN
    return end
  }

  #balanced(at: number, item: number): number {
    const [open, close] = [this.#pattern[item], this.#pattern[item + 1]]
    if (open === undefined || close === undefined) throw new LuaError('unbalanced pattern')
    if (this.#text[at] !== open) return -1
    let depth = 1
    for (let place = at + 1; place < this.#text.length; place += 1) {
      this.#meter.step()
      if (this.#text[place] === close) depth -= 1
      else if (this.#text[place] === open) depth += 1
      if (depth === 0) return this.match(place + 1, item + 2)
    }
    return -1
  }

  #frontier(at: number, item: number): number {
    if (this.#pattern[item] !== '[') throw new LuaError("missing '[' after '%f' in pattern")
    const end = this.#itemEnd(item)
    const isIn = (letter: string | undefined): boolean =>
      this.#isInSet(letter ?? '\0', item, end - 1)
    return !isIn(this.#text[at - 1]) && isIn(this.#text[at]) ? this.match(at, end) : -1
  }

  #backReference(at: number, item: number, number: number): number {
    const capture = this.#captures[number - 1]
    if (capture === undefined || capture.length === OPEN)
      throw new LuaError(`invalid capture index %${number}`)
    const text = String(this.#valueOf(capture))
    return this.#text.startsWith(text, at) ? this.match(at + text.length, item + 2) : -1
  }

  #greedy(at: number, item: number, least: number): number {
    let count = 0
    while (this.#isSingleMatch(at + count, item)) {
      this.#meter.step()
      count += 1
    }
    const rest = this.#itemEnd(item) + 1
    for (; count >= least; count -= 1) {
      const end = this.match(at + count, rest)
      if (end !== -1) return end
    }
    return -1
  }

  #lazy(at: number, item: number): number {
    const rest = this.#itemEnd(item) + 1
    for (let place = at; ; place += 1) {
      const end = this.match(place, rest)
      if (end !== -1) return end
      if (!this.#isSingleMatch(place, item)) return -1
    }
  }

  #itemEnd(item: number): number {
    const letter = this.#pattern[item]
    if (letter === '%') {
      if (item + 1 >= this.#pattern.length) throw new LuaError("malformed pattern (ends with '%')")
      return item + 2
    }
    if (letter !== '[') return item + 1
    let at = item + 1
    if (this.#pattern[at] === '^') at += 1
    do {
      if (at >= this.#pattern.length) throw new LuaError("malformed pattern (missing ']')")
      at += this.#pattern[at] === '%' ? 2 : 1
    } while (this.#pattern[at] !== ']')
    return at + 1
  }

  #isSingleMatch(at: number, item: number): boolean {
    const letter = this.#text[at]
    if (letter === undefined) return false
    const kind = this.#pattern[item]
    if (kind === '.') return true
    if (kind === '%') return isOfClass(letter, this.#pattern[item + 1]!)
    if (kind === '[') return this.#isInSet(letter, item, this.#itemEnd(item) - 1)
    return kind === letter
  }

  /** @param close place of the closing bracket */
  #isInSet(letter: string, open: number, close: number): boolean {
    const isNegated = this.#pattern[open + 1] === '^'
    let at = isNegated ? open + 2 : open + 1
    while (at < close) {
      const member = this.#pattern[at]!
      if (member === '%') {
        if (isOfClass(letter, this.#pattern[at + 1]!)) return !isNegated
        at += 2
      } else if (this.#pattern[at + 1] === '-' && at + 2 < close) {
        if (member <= letter && letter <= this.#pattern[at + 2]!) return !isNegated
        at += 3
      } else {
        if (member === letter) return !isNegated
        at += 1
      }
    }
    return isNegated
  }
}

function isOfClass(letter: string, kind: string): boolean {
  return luaClass(kind)?.test(letter) ?? kind === letter
}
