import type { Steps } from '../base/steps.ts'

/** Where a text stops being JSON, in the words of Kong's parser. */
export interface JsonFault {
  readonly message: string
  /** Of the first letter that is wrong. */
  readonly index: number
}

/** Finds what is wrong with a text that `JSON.parse` refuses. */
export function jsonFault(text: string): JsonFault | undefined {
  try {
    new JsonChecker(text).check()
    return undefined
  } catch (error) {
    if (error instanceof Unexpected) return error.fault
    throw error
  }
}

/** How deep the brackets of a JSON text go. */
export function* jsonDepthSteps(text: string): Steps<number> {
  let depth = 0
  let deepest = 0
  let isText = false
  for (let at = 0; at < text.length; at += 1) {
    if (at % LETTERS_IN_A_STEP === 0) yield
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) at += 1
    else if (code === QUOTE) isText = !isText
    else if (isText) continue
    else if (code === BRACKET || code === BRACE) deepest = Math.max(deepest, (depth += 1))
    else if (code === BRACKET + 2 || code === BRACE + 2) depth -= 1
  }
  return deepest
}

/** A power of two. */
const LETTERS_IN_A_STEP = 65_536
const QUOTE = 34
const BACKSLASH = 92
/** Their closing ones come two after. */
const BRACKET = 91
const BRACE = 123

class Unexpected extends Error {
  readonly fault: JsonFault

  constructor(fault: JsonFault) {
    super(fault.message)
    this.fault = fault
  }
}

interface JsonToken {
  /** By the names that messages use. */
  readonly name: string
  readonly index: number
}

const TOKENS =
  /[\t\n\r ]*(?:(?<T_OBJ_BEGIN>\{)|(?<T_OBJ_END>\})|(?<T_ARR_BEGIN>\[)|(?<T_ARR_END>\])|(?<T_COLON>:)|(?<T_COMMA>,)|(?<T_STRING>"(?:[^"\\\0-\x1f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*")|(?<T_NUMBER>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?<T_BOOLEAN>true|false)|(?<T_NULL>null)|(?<T_END>$))/y

const VALUES = new Set(['T_STRING', 'T_NUMBER', 'T_BOOLEAN', 'T_NULL'])

/** Walks over a text with a list of what is open, not by calling itself. */
class JsonChecker {
  readonly #text: string
  readonly #open: ('T_OBJ_BEGIN' | 'T_ARR_BEGIN')[] = []
  #at = 0
  /** Nothing has been read behind the innermost bracket. */
  #isFresh = false

  constructor(text: string) {
    this.#text = text
  }

  check(): void {
    this.#readValue(this.#next('value'))
    while (this.#open.length > 0) this.#readMore()
    const rest = this.#next('the end')
    if (rest.name !== 'T_END') throw unexpected('the end', rest)
  }

  /** @param expected what belongs here, should there be nothing that could be anything */
  #next(expected: string): JsonToken {
    TOKENS.lastIndex = this.#at
    const found = TOKENS.exec(this.#text)
    if (found === null) throw unexpected(expected, this.#badToken())
    this.#at = TOKENS.lastIndex
    const [name, token] = Object.entries(found.groups!).find(([, text]) => text !== undefined)!
    return { name, index: this.#at - token.length }
  }

  #badToken(): JsonToken {
    const index = this.#at + /^[\t\n\r ]*/.exec(this.#text.slice(this.#at))![0].length
    if (this.#text[index] === '-') return { name: 'invalid number', index }
    if (this.#text[index] !== '"') return { name: 'invalid token', index }
    return this.#badString(index)
  }

  #badString(start: number): JsonToken {
    const text = this.#text
    for (let at = start + 1; at < text.length; at += 1) {
      if (text[at] !== '\\') continue
      if (!/^\\(?:["\\/bfnrt]|u)/.test(text.slice(at, at + 2)))
        return { name: 'invalid escape code', index: at }
      if (text[at + 1] === 'u' && !/^[\da-f]{4}$/i.test(text.slice(at + 2, at + 6)))
        return { name: 'invalid unicode escape code', index: at }
      at += 1
    }
    // A control letter is an end too.
    return { name: 'unexpected end of string', index: text.length }
  }

  /** A value, or the beginning of one. */
  #readValue(token: JsonToken): void {
    this.#isFresh = token.name === 'T_OBJ_BEGIN' || token.name === 'T_ARR_BEGIN'
    if (token.name === 'T_OBJ_BEGIN' || token.name === 'T_ARR_BEGIN') this.#open.push(token.name)
    else if (!VALUES.has(token.name)) throw unexpected('value', token)
  }

  #readMember(key: JsonToken): void {
    if (key.name !== 'T_STRING') throw unexpected('object key string', key)
    const colon = this.#next('colon')
    if (colon.name !== 'T_COLON') throw unexpected('colon', colon)
    this.#readValue(this.#next('value'))
  }

  /** What follows an opening bracket, or a value behind one. */
  #readMore(): void {
    const isObject = this.#open.at(-1) === 'T_OBJ_BEGIN'
    const element = isObject ? 'object key string' : 'value'
    const more = isObject ? 'comma or object end' : 'comma or array end'
    const token = this.#next(this.#isFresh ? element : more)
    if (token.name === (isObject ? 'T_OBJ_END' : 'T_ARR_END')) {
      this.#open.pop()
      this.#isFresh = false
    } else if (this.#isFresh) this.#readElement(isObject, token)
    else if (token.name === 'T_COMMA') this.#readElement(isObject, this.#next(element))
    else throw unexpected(more, token)
  }

  #readElement(isObject: boolean, token: JsonToken): void {
    if (isObject) this.#readMember(token)
    else this.#readValue(token)
  }
}

/** Letters are counted from 1. */
function unexpected(expected: string, { name, index }: JsonToken): Unexpected {
  const message = `Expected ${expected} but found ${name} at character ${index + 1}`
  return new Unexpected({ message, index })
}
