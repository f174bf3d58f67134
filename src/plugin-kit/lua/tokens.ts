import { LuaSyntaxError } from './lua-error.ts'

export type Token =
  | { readonly kind: 'name' | 'symbol' | 'string'; readonly text: string; readonly line: number }
  | { readonly kind: 'number'; readonly value: number; readonly line: number }
  | { readonly kind: 'end'; readonly line: number }

const KEYWORDS: ReadonlySet<string> = new Set(
  'and break do else elseif end false for function if in local nil not or repeat return then true until while'.split(
    ' ',
  ),
)

const SKIPPED = /(?:[ \t\r\n\f\v]+|--(?!\[=*\[)[^\n]*)+/y
const LONG_OPEN = /(--)?\[(=*)\[/y
const NAME = /[A-Za-z_]\w*/y
const NUMBER = /0[xX][0-9A-Fa-f]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y
const SYMBOL = /\.\.\.|\.\.|[=~<>]=|[-+*/%^#<>=(){}[\];:,.]/y

/** Cuts the text of a program into tokens. @throws {LuaSyntaxError} */
export function tokenize(source: string): readonly Token[] {
  return new Lexer(source).tokens()
}

class Lexer {
  readonly #source: string
  readonly #tokens: Token[] = []
  #at = 0
  #line = 1

  constructor(source: string) {
    this.#source = source
  }

  tokens(): readonly Token[] {
    while (this.#at < this.#source.length) {
      if (this.#take(SKIPPED) !== undefined || this.#takeLong()) continue
      this.#tokens.push(this.#word() ?? this.#number() ?? this.#string() ?? this.#symbol())
    }
    return [...this.#tokens, { kind: 'end', line: this.#line }]
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#source)
    if (match === null) return undefined
    this.#at += match[0].length
    this.#line += match[0].split('\n').length - 1
    return match
  }

  /** A long string, or a long comment, which is no token. */
  #takeLong(): boolean {
    const open = this.#take(LONG_OPEN)
    if (open === undefined) return false
    const close = `]${open[2]}]`
    const end = this.#source.indexOf(close, this.#at)
    if (end === -1) throw new LuaSyntaxError(this.#line, `a long bracket is not closed by ${close}`)
    const text = this.#source.slice(this.#at, end)
    if (open[1] === undefined)
      this.#tokens.push({ kind: 'string', text: text.replace(/^\r?\n/, ''), line: this.#line })
    this.#line += text.split('\n').length - 1
    this.#at = end + close.length
    return true
  }

  #word(): Token | undefined {
    const text = this.#take(NAME)?.[0]
    if (text === undefined) return undefined
    return { kind: KEYWORDS.has(text) ? 'symbol' : 'name', text, line: this.#line }
  }

  #number(): Token | undefined {
    const text = this.#take(NUMBER)?.[0]
    if (text === undefined) return undefined
    return { kind: 'number', value: Number(text), line: this.#line }
  }

  #string(): Token | undefined {
    const quote = this.#source[this.#at]
    if (quote !== '"' && quote !== "'") return undefined
    const { text, end } = readString(this.#source, this.#at, this.#line)
    this.#at = end
    return { kind: 'string', text, line: this.#line }
  }

  #symbol(): Token {
    const text = this.#take(SYMBOL)?.[0]
    if (text === undefined)
      throw new LuaSyntaxError(this.#line, `unexpected symbol near '${this.#source[this.#at]}'`)
    return { kind: 'symbol', text, line: this.#line }
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
  '\n': '\n',
}

function readString(
  source: string,
  start: number,
  line: number,
): { readonly text: string; readonly end: number } {
  const quote = source[start]
  let text = ''
  let at = start + 1
  while (source[at] !== quote) {
    const letter = source[at]
    if (letter === undefined || letter === '\n') throw new LuaSyntaxError(line, 'unfinished string')
    if (letter === '\\') {
      const escape = readEscape(source, at + 1, line)
      text += escape.text
      at = escape.end
    } else {
      text += letter
      at += 1
    }
  }
  return { text, end: at + 1 }
}

function readEscape(
  source: string,
  at: number,
  line: number,
): { readonly text: string; readonly end: number } {
  const letter = source[at] ?? ''
  const plain = ESCAPES[letter]
  if (plain !== undefined) return { text: plain, end: at + 1 }
  const code = /^(?:x([0-9A-Fa-f]{2})|(\d{1,3}))/.exec(source.slice(at, at + 3))
  if (code === null) throw new LuaSyntaxError(line, `invalid escape sequence '\\${letter}'`)
  const value = code[1] === undefined ? Number(code[2]) : Number.parseInt(code[1], 16)
  if (value > 255) throw new LuaSyntaxError(line, 'escape sequence too large')
  return { text: String.fromCharCode(value), end: at + code[0].length }
}
