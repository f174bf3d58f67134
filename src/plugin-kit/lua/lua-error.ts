import type { LuaValue } from './values.ts'

/** The program cannot be read; says so as LuaJIT does. */
export class LuaSyntaxError extends SyntaxError {
  readonly #line: number
  readonly #reason: string

  constructor(line: number, reason: string, chunk = '') {
    super(`${shortChunk(chunk)}:${line}: ${reason}`)
    this.name = 'LuaSyntaxError'
    this.#line = line
    this.#reason = reason
  }

  /** The same fault, with the text it is in, and what lines are before that. */
  within(chunk: string, linesBefore = 0): LuaSyntaxError {
    return new LuaSyntaxError(this.#line + linesBefore, this.#reason, chunk)
  }
}

const LONGEST_CHUNK = 48
const DOTS = '...'

/** The first line of a text, or as much as there is room for. */
function shortChunk(chunk: string): string {
  // eslint-disable-next-line no-control-regex -- ends at any control character
  const [line] = /^[^\u0000-\u001F]*/.exec(chunk)!
  const whole = line === chunk && line.length < LONGEST_CHUNK
  return `[string "${whole ? line : line.slice(0, LONGEST_CHUNK - DOTS.length) + DOTS}"]`
}

/** The program failed while it ran; `value` is what it gave to `error`. */
export class LuaError extends Error {
  readonly value: LuaValue

  constructor(message: string, value: LuaValue = message) {
    super(message)
    this.name = 'LuaError'
    this.value = value
  }
}

/** The program used more than its share; it cannot catch this. */
export class LuaLimitError extends Error {
  constructor(what: string) {
    super(`Lua code exceeds its limit of ${what}`)
    this.name = 'LuaLimitError'
  }
}
