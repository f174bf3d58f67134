import { luaText } from '../../schema/lua-literal.ts'
import { Anchors } from './anchors.ts'
import { mergeInto } from './merge-key.ts'
import type { PlaceRecorder } from './places.ts'
import { scalarValue, taggedValue } from './scalar-value.ts'
import { Scanner } from './scanner.ts'
import { LINE_BREAK, type Mark, type Token, type TokenKind, YamlFault } from './token.ts'

export type YamlObject = Record<string, unknown>

export type YamlReading =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false
      readonly problem: string
      /** Where the text stops making sense. */
      readonly mark: Mark
      /** Where the last thing began that was understood, in letters; Kong names this place. */
      readonly understood: Mark
    }

/**
 * Reads the first document of a YAML 1.1 text into plain values. The rest of the text must be
 * YAML too, but is thrown away.
 *
 * Aliases yield the anchored value itself, not a copy: whoever gets it must not change it.
 *
 * @param places told where everything stands, when anybody wants to know
 * @returns `value` is `undefined` for a text without any document
 */
export function readYaml(text: string, places?: PlaceRecorder): YamlReading {
  const start: Mark = { line: -1, column: -1 }
  let composer: Composer | undefined
  try {
    composer = new Composer(text, places)
    return { ok: true, value: composer.readStream() }
  } catch (error) {
    if (!(error instanceof YamlFault)) throw error
    const { message: problem, mark } = error
    const understood = inLetters(composer?.understood ?? start, text)
    return { ok: false, problem, mark, understood }
  }
}

/** A place whose column counts letters, where those beyond U+FFFF are two units of a text. */
function inLetters({ line, column }: Mark, text: string): Mark {
  if (column <= 0) return { line, column }
  const before = (text.split(LINE_BREAK)[line] ?? '').slice(0, column)
  return { line, column: column - (before.match(/[\ud800-\udbff]/g)?.length ?? 0) }
}

/** Deeper nesting is nobody's intention, and recursion must end. */
const MAX_DEPTH = 500

const ENDS_IN_MAPPING: ReadonlySet<TokenKind> = new Set(['key', 'value', 'block-end'])
const ENDS_IN_INDENTLESS: ReadonlySet<TokenKind> = new Set([
  'block-entry',
  'key',
  'value',
  'block-end',
])
const ENDS_DOCUMENT: ReadonlySet<TokenKind> = new Set([
  'directive',
  'document-start',
  'document-end',
  'stream-end',
])

/** Builds values from tokens, in the order and with the problems of libyaml's parser. */
class Composer {
  readonly #tokens: Scanner
  readonly #places: PlaceRecorder | undefined
  #anchors = new Anchors()
  #handles = new Set(['!', '!!'])
  #depth = 0
  /** Where the last thing began that made sense. */
  understood: Mark = { line: 0, column: 0 }
  readonly #bodies: Partial<Record<TokenKind, (start: Token) => unknown>> = {
    'flow-sequence-start': (start) => this.#readFlowSequence(start),
    'flow-mapping-start': (start) => this.#readFlowMapping(start),
    'block-sequence-start': (start) => this.#readBlockSequence(start),
    'block-mapping-start': (start) => this.#readBlockMapping(start),
  }

  constructor(text: string, places: PlaceRecorder | undefined) {
    this.#tokens = new Scanner(text)
    this.#places = places
  }

  readStream(): unknown {
    const { kind } = this.#tokens.peek()
    if (kind === 'stream-start') this.#tokens.skip()
    let first: unknown
    for (let count = 0; this.#startDocument(count === 0); count += 1) {
      const value = this.#readContent()
      if (count === 0) first = value
      this.#endDocument()
    }
    return first
  }

  #startDocument(mayBeBare: boolean): boolean {
    if (!mayBeBare) this.#skipAll('document-end')
    let token = this.#tokens.peek()
    if (token.kind === 'stream-end') return false
    const { line, column } = token
    const isBare = mayBeBare && token.kind !== 'directive' && token.kind !== 'document-start'
    if (!isBare) {
      this.#readDirectives()
      token = this.#tokens.peek()
      if (token.kind !== 'document-start')
        throw new YamlFault('did not find expected <document start>', token)
      this.#tokens.skip()
    }
    this.understood = { line, column }
    this.#anchors = new Anchors()
    return true
  }

  #skipAll(kind: TokenKind): void {
    while (this.#tokens.peek().kind === kind) this.#tokens.skip()
  }

  #readDirectives(): void {
    this.#handles = new Set(['!', '!!'])
    for (let token = this.#tokens.peek(); token.kind === 'directive'; token = this.#tokens.peek()) {
      const [name, argument = ''] = token.text.split(/\s+/)
      if (name === '%TAG') this.#handles.add(argument)
      else if (!argument.startsWith('1.'))
        throw new YamlFault('found incompatible YAML document', token)
      this.#tokens.skip()
    }
  }

  #readContent(): unknown {
    const token = this.#tokens.peek()
    return ENDS_DOCUMENT.has(token.kind) ? this.#empty(token) : this.#readNode(true, false)
  }

  #endDocument(): void {
    const token = this.#tokens.peek()
    if (token.kind === 'document-end') this.#tokens.skip()
    this.#event(token)
  }

  #event(mark: Mark): void {
    this.understood = mark
  }

  #empty(mark: Mark): null {
    this.#event(mark)
    return null
  }

  #readNode(isBlock: boolean, mayBeIndentless: boolean): unknown {
    const start = this.#tokens.peek()
    if (start.kind === 'scalar') {
      this.#tokens.skip()
      this.#event(start)
      return start.isPlain ? scalarValue(start.text) : untilNul(start.text)
    }
    if (start.kind === 'alias') {
      this.#tokens.skip()
      this.#event(start)
      return this.#anchors.resolve(start.text, start)
    }
    return this.#readProperties(start, isBlock, mayBeIndentless)
  }

  /** A node with an anchor or a tag, or one that holds others. */
  #readProperties(start: Token, isBlock: boolean, mayBeIndentless: boolean): unknown {
    let anchor: string | undefined
    let tag: string | undefined
    let token = start
    while (
      (token.kind === 'anchor' && anchor === undefined) ||
      (token.kind === 'tag' && tag === undefined)
    ) {
      if (token.kind === 'anchor') anchor = token.text
      else tag = this.#resolveTag(token)
      this.#tokens.skip()
      token = this.#tokens.peek()
    }
    if (anchor !== undefined) this.#anchors.open(anchor)
    const value = this.#readBody({ start, token, tag, isBlock, mayBeIndentless })
    if (anchor !== undefined) this.#anchors.close(anchor, value)
    return value
  }

  #resolveTag(token: Token): string {
    const { text } = token
    if (text.startsWith('!<')) return text.slice(2, -1)
    const handle = /^![A-Za-z0-9_-]*!/.exec(text)?.[0] ?? '!'
    if (!this.#handles.has(handle)) throw new YamlFault('found undefined tag handle', token)
    return handle === '!!' ? `tag:yaml.org,2002:${text.slice(2)}` : text
  }

  #readBody({ start, token, tag, isBlock, mayBeIndentless }: NodeHead): unknown {
    if (mayBeIndentless && token.kind === 'block-entry')
      return this.#nested(start, () => this.#readIndentless(start))
    const { kind } = token
    if (kind === 'scalar') return this.#readScalar(start, token, tag)
    const readBody = this.#bodies[kind]
    const isBlockBody = kind === 'block-sequence-start' || kind === 'block-mapping-start'
    if (readBody !== undefined && (isBlock || !isBlockBody))
      return this.#nested(start, () => readBody(start))
    if (token !== start) {
      this.#event(start)
      return tag === undefined ? null : (taggedValue(tag, '', true) ?? null)
    }
    throw new YamlFault('did not find expected node content', token)
  }

  #readScalar(start: Token, { text, isPlain }: Token, tag: string | undefined): unknown {
    this.#tokens.skip()
    this.#event(start)
    if (tag === undefined) return isPlain ? scalarValue(text) : untilNul(text)
    const value = taggedValue(tag, text, isPlain)
    if (value === undefined) throw new YamlFault(`invalid '${tag}' value: '${text}'`, start)
    return value
  }

  #nested(start: Token, read: () => unknown): unknown {
    if (this.#depth === MAX_DEPTH) throw new YamlFault('nested too deeply', start)
    this.#depth += 1
    this.#event(start)
    const value = read()
    this.#depth -= 1
    return value
  }

  #list(start: Mark): unknown[] {
    const list: unknown[] = []
    this.#places?.open(list, start)
    return list
  }

  #add(list: unknown[], value: unknown, mark: Mark): void {
    this.#anchors.count(1, mark)
    this.#places?.element(list, mark)
    list.push(value)
  }

  #readBlockSequence(start: Token): unknown[] {
    const list = this.#list(start)
    this.#tokens.skip()
    for (;;) {
      const token = this.#tokens.peek()
      if (token.kind === 'block-end') break
      if (token.kind !== 'block-entry')
        throw new YamlFault("did not find expected '-' indicator", token)
      this.#tokens.skip()
      const next = this.#tokens.peek()
      const isEmpty = next.kind === 'block-entry' || next.kind === 'block-end'
      this.#add(list, isEmpty ? this.#emptyAfter(token) : this.#readNode(true, false), next)
    }
    this.#event(this.#tokens.peek())
    this.#tokens.skip()
    return list
  }

  /** A sequence that is indented no further than the key it belongs to. */
  #readIndentless(start: Token): unknown[] {
    const list = this.#list(start)
    let token = this.#tokens.peek()
    for (; token.kind === 'block-entry'; token = this.#tokens.peek()) {
      this.#tokens.skip()
      const next = this.#tokens.peek()
      const isEmpty = ENDS_IN_INDENTLESS.has(next.kind)
      this.#add(list, isEmpty ? this.#emptyAfter(token) : this.#readNode(true, false), next)
    }
    this.#event(token)
    return list
  }

  /** An indicator with nothing behind it. */
  #emptyAfter({ line, column }: Mark): null {
    return this.#empty({ line, column: column + 1 })
  }

  #map(start: Mark): YamlObject {
    const map: YamlObject = {}
    this.#places?.open(map, start)
    return map
  }

  #put(map: YamlObject, entry: Entry): void {
    this.#anchors.count(1, entry.at)
    if (entry.key === '<<') {
      mergeInto(map, entry)
      this.#places?.merged(map, entry.value)
      return
    }
    const name = typeof entry.key === 'string' ? entry.key : luaText(entry.key)
    if (name === '__proto__')
      Object.defineProperty(map, name, {
        value: entry.value,
        enumerable: true,
        configurable: true,
        writable: true,
      })
    else map[name] = entry.value
    this.#places?.member(map, name, entry)
  }

  #readBlockMapping(start: Token): YamlObject {
    const map = this.#map(start)
    this.#tokens.skip()
    for (;;) {
      const token = this.#tokens.peek()
      if (token.kind === 'block-end') break
      if (token.kind !== 'key') throw new YamlFault('did not find expected key', token)
      this.#tokens.skip()
      const at = this.#tokens.peek()
      const key = ENDS_IN_MAPPING.has(at.kind)
        ? this.#emptyAfter(token)
        : this.#readNode(true, true)
      const { value, valueAt } = this.#readBlockValue()
      this.#put(map, { key, value, at, valueAt })
    }
    this.#event(this.#tokens.peek())
    this.#tokens.skip()
    return map
  }

  #readBlockValue(): { readonly value: unknown; readonly valueAt: Mark } {
    const token = this.#tokens.peek()
    if (token.kind !== 'value') return { value: this.#empty(token), valueAt: token }
    this.#tokens.skip()
    const next = this.#tokens.peek()
    if (ENDS_IN_MAPPING.has(next.kind)) return { value: this.#emptyAfter(token), valueAt: token }
    return { value: this.#readNode(true, true), valueAt: next }
  }

  #readFlowSequence(start: Token): unknown[] {
    const list = this.#list(start)
    this.#tokens.skip()
    for (let isFirst = true; ; isFirst = false) {
      if (this.#tokens.peek().kind !== 'flow-sequence-end' && !isFirst) this.#separator(']')
      const token = this.#tokens.peek()
      if (token.kind === 'flow-sequence-end') break
      const value = token.kind === 'key' ? this.#readPair(token) : this.#readNode(false, false)
      this.#add(list, value, token)
    }
    this.#event(this.#tokens.peek())
    this.#tokens.skip()
    return list
  }

  #separator(end: string): void {
    const token = this.#tokens.peek()
    if (token.kind !== 'flow-entry')
      throw new YamlFault(`did not find expected ',' or '${end}'`, token)
    this.#tokens.skip()
  }

  /** A mapping of one pair, without braces, inside brackets. */
  #readPair(start: Token): YamlObject {
    const map = this.#map(start)
    this.#event(start)
    this.#tokens.skip()
    const at = this.#tokens.peek()
    const hasKey = !PAIR_ENDS.has(at.kind) && at.kind !== 'value'
    const key = hasKey ? this.#readNode(false, false) : this.#empty(at)
    const { value, valueAt } = this.#readFlowValue(PAIR_ENDS)
    this.#put(map, { key, value, at, valueAt })
    this.#event(this.#tokens.peek())
    return map
  }

  #readFlowMapping(start: Token): YamlObject {
    const map = this.#map(start)
    this.#tokens.skip()
    for (let isFirst = true; ; isFirst = false) {
      if (this.#tokens.peek().kind !== 'flow-mapping-end' && !isFirst) this.#separator('}')
      const token = this.#tokens.peek()
      if (token.kind === 'flow-mapping-end') break
      this.#readFlowMember(map, token)
    }
    this.#event(this.#tokens.peek())
    this.#tokens.skip()
    return map
  }

  #readFlowMember(map: YamlObject, token: Token): void {
    if (token.kind !== 'key') {
      const key = this.#readNode(false, false)
      const value = this.#empty(this.#tokens.peek())
      this.#put(map, { key, value, at: token, valueAt: token })
      return
    }
    this.#tokens.skip()
    const at = this.#tokens.peek()
    const hasKey = !FLOW_MAPPING_ENDS.has(at.kind) && at.kind !== 'value'
    const key = hasKey ? this.#readNode(false, false) : this.#empty(at)
    const { value, valueAt } = this.#readFlowValue(FLOW_MAPPING_ENDS)
    this.#put(map, { key, value, at, valueAt })
  }

  #readFlowValue(ends: ReadonlySet<TokenKind>): {
    readonly value: unknown
    readonly valueAt: Mark
  } {
    const token = this.#tokens.peek()
    if (token.kind !== 'value') return { value: this.#empty(token), valueAt: token }
    this.#tokens.skip()
    const next = this.#tokens.peek()
    return ends.has(next.kind)
      ? { value: this.#empty(next), valueAt: next }
      : { value: this.#readNode(false, false), valueAt: next }
  }
}

/** Texts end at a NUL, which only an escape can bring in, as they do for Kong. */
function untilNul(text: string): string {
  const end = text.indexOf('\0')
  return end === -1 ? text : text.slice(0, end)
}

const PAIR_ENDS: ReadonlySet<TokenKind> = new Set(['flow-entry', 'flow-sequence-end'])
const FLOW_MAPPING_ENDS: ReadonlySet<TokenKind> = new Set(['flow-entry', 'flow-mapping-end'])

interface NodeHead {
  readonly start: Token
  /** What follows anchor and tag. */
  readonly token: Token
  readonly tag: string | undefined
  readonly isBlock: boolean
  readonly mayBeIndentless: boolean
}

/** One pair of a mapping and where its halves begin. */
export interface Entry {
  readonly key: unknown
  readonly value: unknown
  readonly at: Mark
  readonly valueAt: Mark
}
