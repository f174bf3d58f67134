import { isIP } from 'node:net'
import {
  ExpressionFault,
  type Expression,
  type Operator,
  type Predicate,
  type Value,
} from './syntax-tree.ts'

/**
 * Parses the language of `expression`:
 *
 *     all       = any ( "&&" any )*
 *     any       = term ( "||" term )*
 *     term      = predicate | [ "!" ] "(" all ")"
 *     predicate = field operator value
 *     field     = name | ( "lower" | "any" ) "(" field ")"
 *
 * `||` binds tighter than `&&`, as in Kong.
 *
 * @throws {ExpressionFault}
 */
export function parseExpression(text: string): Expression {
  const parser = new Parser(text)
  const expression = parser.all()
  parser.expectEnd()
  return expression
}

const SPACE = /[ \t\r\n]*/y
const NAME = /[A-Za-z][A-Za-z0-9_.]*/y
const OPERATOR = /==|!=|~|\^=|=\^|>=|>|<=|<|in|not[ \t\r\n]*in|contains/y
const TEXT = /"((?:[^"\\]|\\["\\nrt])*)"/y
const RAW_TEXT = /r#"([^]*?)"#/y
const IPV4 = /\d{1,3}(?:\.\d{1,3}){3}(\/\d{1,2})?/y
const IPV6 = /(?::|[0-9A-Fa-f]{1,4}):[0-9A-Fa-f:]*(\/\d{1,3})?/y
const INTEGER = /(-?)(0x[0-9A-Fa-f]+|\d+)/y
const MAX_DEPTH = 100

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

class Parser {
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
    this.#skipSpace()
  }

  all(): Expression {
    let left = this.#any()
    while (this.#skip('&&')) left = { kind: 'and', left, right: this.#any() }
    return left
  }

  expectEnd(): void {
    if (this.#at < this.#text.length) this.#fail('expected "&&", "||" or the end')
  }

  #any(): Expression {
    let left = this.#term()
    while (this.#skip('||')) left = { kind: 'or', left, right: this.#term() }
    return left
  }

  #term(): Expression {
    const start = this.#at
    const isNegated = this.#skip('!')
    if (!this.#skip('(')) {
      if (isNegated || !/[A-Za-z]/.test(this.#text[this.#at] ?? ''))
        throw new ExpressionFault('expected term', start)
      return this.#predicate(start)
    }
    this.#descend()
    const operand = this.all()
    this.#depth -= 1
    if (!this.#skip(')')) this.#fail('expected "&&", "||" or ")"')
    return isNegated ? { kind: 'not', operand } : operand
  }

  #predicate(start: number): Predicate {
    const { field, functions } = this.#field()
    const operator = this.#read(OPERATOR)?.[0].replace(/\s+/, ' ')
    if (operator === undefined) this.#fail('expected an operator')
    const valueStart = this.#at
    const value = this.#value()
    return {
      kind: 'predicate',
      field,
      isLowered: functions.has('lower'),
      isAny: functions.has('any'),
      operator: (operator === 'notin' ? 'not in' : operator) as Operator,
      value,
      start,
      valueStart,
      end: this.#text.slice(0, this.#at).trimEnd().length,
    }
  }

  #field(): { readonly field: string; readonly functions: ReadonlySet<string> } {
    const start = this.#at
    const name = this.#read(NAME)?.[0]
    if (name === undefined) this.#fail('expected a field or "("')
    if (!this.#skip('(')) return { field: name, functions: new Set() }
    if (name !== 'lower' && name !== 'any')
      throw new ExpressionFault(`unknown transformation function: ${name}`, start)
    this.#descend()
    const { field, functions } = this.#field()
    this.#depth -= 1
    if (!this.#skip(')')) this.#fail('expected ")"')
    return { field, functions: functions.union(new Set([name])) }
  }

  #descend(): void {
    this.#depth += 1
    if (this.#depth > MAX_DEPTH) this.#fail(`more than ${MAX_DEPTH} nested brackets`)
  }

  #value(): Value {
    const text = this.#read(TEXT)
    if (text !== undefined)
      return {
        kind: 'text',
        text: text[1]!.replaceAll(/\\(.)/g, (_, letter: string) => ESCAPES[letter] ?? letter),
      }
    const raw = this.#read(RAW_TEXT)
    if (raw !== undefined) return { kind: 'text', text: raw[1]! }
    return this.#address() ?? this.#integer()
  }

  #address(): Value | undefined {
    const start = this.#at
    const found = this.#read(IPV4) ?? this.#read(IPV6)
    if (found === undefined) return undefined
    const [address, length] = found[0].split('/')
    const version = isIP(address!)
    const isValid =
      version !== 0 && (length === undefined || Number(length) <= (version === 4 ? 32 : 128))
    if (!isValid) throw new ExpressionFault(`invalid address: ${found[0]}`, start)
    return length === undefined
      ? { kind: 'address', address: found[0] }
      : { kind: 'network', network: found[0] }
  }

  #integer(): Value {
    const start = this.#at
    const found = this.#read(INTEGER)
    if (found === undefined) this.#fail('expected a string, an integer or an address')
    const digits = found[2]!
    const isOctal = /^0[0-7]+$/.test(digits)
    if (/^0\d/.test(digits) && !isOctal) throw new ExpressionFault('invalid octal number', start)
    const number = BigInt(isOctal ? `0o${digits}` : digits)
    if (number > MAX_INTEGER) throw new ExpressionFault('number too large', start)
    return { kind: 'integer', number: found[1] === '-' ? -number : number }
  }

  #skipSpace(): void {
    SPACE.lastIndex = this.#at
    SPACE.exec(this.#text)
    this.#at = SPACE.lastIndex
  }

  #skip(sign: string): boolean {
    if (!this.#text.startsWith(sign, this.#at)) return false
    this.#at += sign.length
    this.#skipSpace()
    return true
  }

  #read(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (found === null) return undefined
    this.#at = pattern.lastIndex
    this.#skipSpace()
    return found
  }

  #fail(message: string): never {
    throw new ExpressionFault(message, this.#at)
  }
}

const MAX_INTEGER = 2n ** 63n - 1n
