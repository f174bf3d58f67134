import type { LuaValue } from './values.ts'

/** The program cannot be read. */
export class LuaSyntaxError extends SyntaxError {
  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`)
    this.name = 'LuaSyntaxError'
  }
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
