import { LINE_BREAK, type Mark, YamlFault } from './token.ts'

const TAB = 9
const LINE_FEED = 10
const CARRIAGE_RETURN = 13
const SPACE = 32
const NEXT_LINE = 0x85
const LINE_SEPARATOR = 0x2028
const PARAGRAPH_SEPARATOR = 0x2029

/** What stands at and beyond the end. */
const END = -1

/** A text and a place in it that moves forward, counting lines as YAML does. */
export class Reader implements Mark {
  readonly text: string
  at = 0
  line = 0
  #lineStart = 0

  /** @throws {YamlFault} where the text holds letters that no YAML may */
  constructor(text: string) {
    this.text = text.startsWith('\uFEFF') ? text.slice(1) : text
    const forbidden = FORBIDDEN.exec(this.text)
    if (forbidden !== null)
      throw new YamlFault('control characters are not allowed', placeOf(this.text, forbidden.index))
  }

  get column(): number {
    return this.at - this.#lineStart
  }

  /** The place as it is now. */
  mark(): Mark {
    return { line: this.line, column: this.column }
  }

  /** @returns the code of a letter ahead, or -1 at the end */
  peek(ahead = 0): number {
    const at = this.at + ahead
    return at < this.text.length ? this.text.charCodeAt(at) : END
  }

  isEnd(): boolean {
    return this.at >= this.text.length
  }

  isBlank(ahead = 0): boolean {
    const code = this.peek(ahead)
    return code === SPACE || code === TAB
  }

  isTab(): boolean {
    return this.peek() === TAB
  }

  isBreak(ahead = 0): boolean {
    return isBreakCode(this.peek(ahead))
  }

  isBreakOrEnd(ahead = 0): boolean {
    const code = this.peek(ahead)
    return code === END || isBreakCode(code)
  }

  isBlankOrEnd(ahead = 0): boolean {
    const code = this.peek(ahead)
    return code === SPACE || code === TAB || code === END || isBreakCode(code)
  }

  /** Goes over a line's end. @returns what it means in a scalar */
  readBreak(): string {
    const code = this.peek()
    this.at += code === CARRIAGE_RETURN && this.peek(1) === LINE_FEED ? 2 : 1
    this.line += 1
    this.#lineStart = this.at
    return code === LINE_SEPARATOR || code === PARAGRAPH_SEPARATOR
      ? String.fromCharCode(code)
      : '\n'
  }

  /** Puts the end of a text without a last line's end at the start of a line. */
  endLine(): void {
    if (this.column === 0) return
    this.line += 1
    this.#lineStart = this.at
  }

  /** `---` or `...` alone at the start of a line. */
  isDocumentIndicator(): boolean {
    if (this.at !== this.#lineStart) return false
    const code = this.peek()
    if (code !== DASH && code !== DOT) return false
    return this.peek(1) === code && this.peek(2) === code && this.isBlankOrEnd(3)
  }
}

const DASH = 45
const DOT = 46

function isBreakCode(code: number): boolean {
  if (code === LINE_FEED || code === CARRIAGE_RETURN) return true
  return (
    code >= NEXT_LINE &&
    (code === NEXT_LINE || code === LINE_SEPARATOR || code === PARAGRAPH_SEPARATOR)
  )
}

// Lone surrogates cannot come here: texts are decoded from UTF-8.
const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]/

function placeOf(text: string, index: number): Mark {
  const lines = text.slice(0, index).split(LINE_BREAK)
  return { line: lines.length - 1, column: lines.at(-1)!.length }
}
