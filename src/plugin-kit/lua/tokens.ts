import { LuaSyntaxError } from './lua-error.ts'

export type Token =
  | { readonly kind: 'name' | 'symbol'; readonly text: string; readonly line: number }
  | { readonly kind: 'string'; readonly text: string; readonly raw: string; readonly line: number }
  | { readonly kind: 'number'; readonly value: number; readonly raw: string; readonly line: number }
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
    if (end === -1) {
      const what = open[1] === undefined ? 'string' : 'comment'
      const line = this.#line + this.#source.slice(this.#at).split('\n').length - 1
      throw new LuaSyntaxError(line, `unfinished long ${what} near '<eof>'`)
    }
    const text = this.#source.slice(this.#at, end)
    if (open[1] === undefined)
      this.#tokens.push({
        kind: 'string',
        text: text.replace(/^\r?\n/, ''),
        raw: open[0] + text + close,
        line: this.#line,
      })
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
    const more = this.#take(/[\w.]+/y)?.[0]
    if (more !== undefined)
      throw new LuaSyntaxError(this.#line, `malformed number near '${text}${more}'`)
    return { kind: 'number', value: Number(text), raw: text, line: this.#line }
  }

  #string(): Token | undefined {
    const quote = this.#source[this.#at]
    if (quote !== '"' && quote !== "'") return undefined
    const { text, end } = readString(this.#source, this.#at, this.#line)
    const raw = quote + text + quote
    this.#at = end
    return { kind: 'string', text, raw, line: this.#line }
  }

  /** Letters that mean nothing are symbols too: the parser knows what was wanted in their place. */
  #symbol(): Token {
    let text = this.#take(SYMBOL)?.[0]
    if (text === undefined) {
      text = String.fromCodePoint(this.#source.codePointAt(this.#at)!)
      this.#at += text.length
    }
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
    if (letter === undefined || letter === '\n') {
      const near = letter === undefined ? '<eof>' : quote + text
      throw new LuaSyntaxError(line, `unfinished string near '${near}'`)
    }
    if (letter === '\\') {
      const escape = readEscape(source, at + 1, line, quote + text)
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
  near: string,
): { readonly text: string; readonly end: number } {
  const letter = source[at] ?? ''
  const plain = ESCAPES[letter]
  if (plain !== undefined) return { text: plain, end: at + 1 }
  const code = /^(?:x([0-9A-Fa-f]{2})|(\d{1,3}))/.exec(source.slice(at, at + 3))
  if (code === null) throw new LuaSyntaxError(line, `invalid escape sequence near '${near}'`)
  const value = code[1] === undefined ? Number(code[2]) : Number.parseInt(code[1], 16)
  if (value > 255) throw new LuaSyntaxError(line, `invalid escape sequence near '${near}'`)
  return { text: String.fromCharCode(value), end: at + code[0].length }
}
