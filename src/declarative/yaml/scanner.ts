import { Reader } from './reader.ts'
import { scanBlockScalar } from './scan-block-scalar.ts'
import { scanPlain, scanQuoted } from './scan-scalar.ts'
import { type Mark, type Token, type TokenKind, YamlFault } from './token.ts'

/** A place where a key without `?` may have begun; a `:` on the same line makes it one. */
interface SimpleKey {
  /** Counted from the first token of the text. */
  readonly tokenNumber: number
  readonly mark: Mark
  readonly index: number
  /** Nothing but a key can stand there. */
  readonly isRequired: boolean
}

const SIMPLE_KEY_LIMIT = 1024

/**
 * Cuts a YAML text into tokens. Indentation becomes tokens of its own, and a key is known only
 * when its colon is found, so tokens wait in a queue until no key can go before them.
 *
 * @see YAML 1.1; problems are said in the words of libyaml
 */
export class Scanner {
  readonly #reader: Reader
  #queue: Token[] = []
  #queueStart = 0
  #taken = 0
  #indent = -1
  readonly #indents: number[] = []
  #flowLevel = 0
  #isKeyAllowed = true
  /** One for each open bracket, and one for the block outside. */
  readonly #keys: (SimpleKey | undefined)[] = [undefined]
  #isEnded = false

  constructor(text: string) {
    this.#reader = new Reader(text)
    this.#push('stream-start')
  }

  /** @throws {YamlFault} */
  peek(): Token {
    while (this.#needsMore()) this.#fetch()
    return this.#queue[this.#queueStart]!
  }

  skip(): void {
    this.#queueStart += 1
    this.#taken += 1
    if (this.#queueStart === this.#queue.length) {
      this.#queue = []
      this.#queueStart = 0
    }
  }

  #needsMore(): boolean {
    if (this.#queueStart === this.#queue.length) return !this.#isEnded
    this.#dropStaleKeys()
    // Loops: this runs for every token, and a call for each key would leave garbage behind.
    for (const key of this.#keys) if (key?.tokenNumber === this.#taken) return true
    return false
  }

  #push(kind: TokenKind, text = '', mark: Mark = this.#reader, isPlain = false): void {
    this.#queue.push({ kind, text, isPlain, line: mark.line, column: mark.column })
  }

  /** A token before one that waits in the queue. */
  #insert(kind: TokenKind, key: SimpleKey): void {
    const at = this.#queueStart + key.tokenNumber - this.#taken
    const { line, column } = key.mark
    this.#queue.splice(at, 0, { kind, text: '', isPlain: false, line, column })
  }

  // oxlint-disable-next-line complexity -- one branch for each letter that begins a token
  #fetch(): void {
    const reader = this.#reader
    this.#skipToToken()
    this.#dropStaleKeys()
    this.#unroll(reader.column)
    if (reader.isEnd()) return this.#fetchEnd()
    if (reader.column === 0 && reader.peek() === PERCENT) return this.#fetchDirective()
    if (reader.isDocumentIndicator()) return this.#fetchDocumentIndicator()
    const letter = reader.text[reader.at]!
    switch (letter) {
      case '[':
        return this.#openFlow('flow-sequence-start')
      case '{':
        return this.#openFlow('flow-mapping-start')
      case ']':
        return this.#closeFlow('flow-sequence-end')
      case '}':
        return this.#closeFlow('flow-mapping-end')
      case ',':
        return this.#fetchFlowEntry()
      case '*':
        return this.#fetchName('alias')
      case '&':
        return this.#fetchName('anchor')
      case '!':
        return this.#fetchTag()
      case "'":
      case '"':
        return this.#fetchQuoted()
      case '|':
      case '>':
        if (this.#flowLevel === 0) return this.#fetchBlockScalar()
        break
      case '-':
        if (reader.isBlankOrEnd(1)) return this.#fetchBlockEntry()
        break
      case '?':
        if (this.#flowLevel > 0 || reader.isBlankOrEnd(1)) return this.#fetchKey()
        break
      case ':':
        if (this.#flowLevel > 0 || reader.isBlankOrEnd(1)) return this.#fetchValue()
        break
      default:
    }
    if (reader.isBlank() || CANNOT_START.has(letter))
      throw new YamlFault('found character that cannot start any token', reader.mark())
    return this.#fetchPlain()
  }

  #skipToToken(): void {
    const reader = this.#reader
    for (;;) {
      if (this.#flowLevel > 0 || !this.#isKeyAllowed) while (reader.isBlank()) reader.at += 1
      else while (reader.peek() === SPACE) reader.at += 1
      if (reader.peek() === HASH) while (!reader.isBreakOrEnd()) reader.at += 1
      if (!reader.isBreak()) return
      reader.readBreak()
      if (this.#flowLevel === 0) this.#isKeyAllowed = true
    }
  }

  /** A key without `?` ends on its line. */
  #dropStaleKeys(): void {
    const { line, at } = this.#reader
    for (let level = 0; level < this.#keys.length; level += 1) {
      const key = this.#keys[level]
      if (key === undefined) continue
      if (key.mark.line === line && key.index + SIMPLE_KEY_LIMIT >= at) continue
      this.#refuseRequired(key)
      this.#keys[level] = undefined
    }
  }

  #refuseRequired(key: SimpleKey | undefined): void {
    if (key?.isRequired === true)
      throw new YamlFault("could not find expected ':'", this.#reader.mark())
  }

  #saveKey(): void {
    if (!this.#isKeyAllowed) return
    const reader = this.#reader
    this.#removeKey()
    this.#keys[this.#flowLevel] = {
      tokenNumber: this.#taken + this.#queue.length - this.#queueStart,
      mark: reader.mark(),
      index: reader.at,
      isRequired: this.#flowLevel === 0 && this.#indent === reader.column,
    }
  }

  #removeKey(): void {
    this.#refuseRequired(this.#keys[this.#flowLevel])
    this.#keys[this.#flowLevel] = undefined
  }

  #roll(column: number, kind: TokenKind, key?: SimpleKey): void {
    if (this.#flowLevel > 0 || this.#indent >= column) return
    this.#indents.push(this.#indent)
    this.#indent = column
    if (key === undefined) this.#push(kind)
    else this.#insert(kind, key)
  }

  #unroll(column: number): void {
    if (this.#flowLevel > 0) return
    while (this.#indent > column) {
      this.#push('block-end')
      this.#indent = this.#indents.pop()!
    }
  }

  #fetchEnd(): void {
    this.#reader.endLine()
    this.#unroll(-1)
    this.#removeKey()
    this.#isKeyAllowed = false
    this.#push('stream-end')
    this.#isEnded = true
  }

  #fetchDirective(): void {
    const reader = this.#reader
    this.#unroll(-1)
    this.#removeKey()
    this.#isKeyAllowed = false
    const mark = reader.mark()
    const start = reader.at
    while (!reader.isBreakOrEnd()) reader.at += 1
    const line = reader.text.slice(start, reader.at).replace(/\s+#.*$/, '')
    const name = /^%([A-Za-z0-9_-]*)(.?)/u.exec(line)!
    if (name[1] === '') throw new YamlFault('could not find expected directive name', mark)
    if (/\S/.test(name[2]!))
      throw new YamlFault('found unexpected non-alphabetical character', mark)
    if (!/^%(?:YAML|TAG)\s/.test(line)) throw new YamlFault('found unknown directive name', mark)
    this.#push('directive', line, mark)
  }

  #fetchDocumentIndicator(): void {
    const reader = this.#reader
    this.#unroll(-1)
    this.#removeKey()
    this.#isKeyAllowed = false
    this.#push(reader.peek() === DASH ? 'document-start' : 'document-end')
    reader.at += 3
  }

  #openFlow(kind: TokenKind): void {
    this.#saveKey()
    this.#flowLevel += 1
    this.#keys.push(undefined)
    this.#isKeyAllowed = true
    this.#push(kind)
    this.#reader.at += 1
  }

  #closeFlow(kind: TokenKind): void {
    this.#removeKey()
    if (this.#flowLevel > 0) {
      this.#flowLevel -= 1
      this.#keys.pop()
    }
    this.#isKeyAllowed = false
    this.#push(kind)
    this.#reader.at += 1
  }

  #fetchFlowEntry(): void {
    this.#removeKey()
    this.#isKeyAllowed = true
    this.#push('flow-entry')
    this.#reader.at += 1
  }

  #fetchBlockEntry(): void {
    if (this.#flowLevel === 0) {
      if (!this.#isKeyAllowed) throw this.#notAllowed('block sequence entries')
      this.#roll(this.#reader.column, 'block-sequence-start')
    }
    this.#removeKey()
    this.#isKeyAllowed = true
    this.#push('block-entry')
    this.#reader.at += 1
  }

  #fetchKey(): void {
    if (this.#flowLevel === 0) {
      if (!this.#isKeyAllowed) throw this.#notAllowed('mapping keys')
      this.#roll(this.#reader.column, 'block-mapping-start')
    }
    this.#removeKey()
    this.#isKeyAllowed = this.#flowLevel === 0
    this.#push('key')
    this.#reader.at += 1
  }

  #fetchValue(): void {
    const key = this.#keys[this.#flowLevel]
    if (key === undefined) {
      if (this.#flowLevel === 0) {
        if (!this.#isKeyAllowed) throw this.#notAllowed('mapping values')
        this.#roll(this.#reader.column, 'block-mapping-start')
      }
      this.#isKeyAllowed = this.#flowLevel === 0
    } else {
      this.#insert('key', key)
      this.#roll(key.mark.column, 'block-mapping-start', key)
      this.#keys[this.#flowLevel] = undefined
      this.#isKeyAllowed = false
    }
    this.#push('value')
    this.#reader.at += 1
  }

  #notAllowed(what: string): YamlFault {
    return new YamlFault(`${what} are not allowed in this context`, this.#reader.mark())
  }

  #fetchName(kind: 'anchor' | 'alias'): void {
    const reader = this.#reader
    this.#saveKey()
    this.#isKeyAllowed = false
    const mark = reader.mark()
    NAME.lastIndex = reader.at + 1
    const [name] = NAME.exec(reader.text)!
    reader.at += 1 + name.length
    const after = reader.text[reader.at] ?? ''
    if (name === '' || !(reader.isBlankOrEnd() || '?:,]}%@`'.includes(after)))
      throw new YamlFault('did not find expected alphabetic or numeric character', reader.mark())
    this.#push(kind, name, mark)
  }

  #fetchTag(): void {
    const reader = this.#reader
    this.#saveKey()
    this.#isKeyAllowed = false
    const mark = reader.mark()
    const start = reader.at
    while (!reader.isBlankOrEnd() && !(this.#flowLevel > 0 && reader.peek() === COMMA))
      reader.at += 1
    this.#push('tag', reader.text.slice(start, reader.at), mark)
  }

  #fetchBlockScalar(): void {
    this.#removeKey()
    this.#isKeyAllowed = true
    const mark = this.#reader.mark()
    this.#push('scalar', scanBlockScalar(this.#reader, this.#indent), mark)
  }

  #fetchQuoted(): void {
    this.#saveKey()
    this.#isKeyAllowed = false
    const mark = this.#reader.mark()
    this.#push('scalar', scanQuoted(this.#reader), mark)
  }

  #fetchPlain(): void {
    this.#saveKey()
    this.#isKeyAllowed = false
    const mark = this.#reader.mark()
    const { text, isMultiLine } = scanPlain(this.#reader, this.#indent + 1, this.#flowLevel > 0)
    if (isMultiLine) this.#isKeyAllowed = true
    this.#push('scalar', text, mark, true)
  }
}

const NAME = /[A-Za-z0-9_-]*/y

const SPACE = 32
const HASH = 35
const PERCENT = 37
const COMMA = 44
const DASH = 45

/** Letters that stand for something else, or for nothing yet, at the start of a token. */
const CANNOT_START = new Set(['#', '%', '@', '`', '|', '>'])
