import { LuaError, LuaLimitError } from './lua-error.ts'

const MAX_STEPS = 1_000_000
const MAX_CALLS = 180
const MAX_TEXT = 8 * 1024 * 1024

/** Counts what a program uses, so that none can hold the gateway up. */
export class Meter {
  #steps = MAX_STEPS
  #calls = 0

  /** A new run begins. */
  reset(): void {
    this.#steps = MAX_STEPS
    this.#calls = 0
  }

  step(): void {
    this.#steps -= 1
    if (this.#steps < 0) throw new LuaLimitError(`${MAX_STEPS} steps`)
  }

  enter(): void {
    this.step()
    this.#calls += 1
    if (this.#calls > MAX_CALLS) throw new LuaError('stack overflow')
  }

  leave(): void {
    this.#calls -= 1
  }

  /** Runs what may fail, and forgets the calls that a failure left open. */
  protect<Result>(act: () => Result): Result {
    const calls = this.#calls
    try {
      return act()
    } finally {
      this.#calls = calls
    }
  }

  /** @returns the text, if it is not too long */
  text(text: string): string {
    this.length(text.length)
    return text
  }

  length(length: number): void {
    if (length > MAX_TEXT) throw new LuaLimitError(`${MAX_TEXT} letters in a text`)
  }
}
