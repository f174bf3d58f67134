import type { Reader } from './reader.ts'
import { YamlFault } from './token.ts'

const COLON = 58
const HASH = 35
const QUOTE = 34
const APOSTROPHE = 39
const BACKSLASH = 92

/** `,` `[` `]` `{` `}`: they end a plain scalar inside brackets. */
const FLOW_INDICATORS = new Set([44, 91, 93, 123, 125])
/** The same and `?`: a colon right before one is read differently by different parsers. */
const AFTER_COLON = new Set([...FLOW_INDICATORS, 63])

export interface PlainScalar {
  readonly text: string
  /** It went over a line's end, so that a key may begin after it. */
  readonly isMultiLine: boolean
}

/**
 * @param indent columns that the lines after the first must be indented by at least
 * @see YAML 1.1 §9.1.3
 */
export function scanPlain(reader: Reader, indent: number, isFlow: boolean): PlainScalar {
  let text = ''
  let space = ''
  let isMultiLine = false
  while (!reader.isDocumentIndicator() && reader.peek() !== HASH) {
    const start = reader.at
    skipPlainLetters(reader, isFlow)
    if (reader.at > start) {
      text += space + reader.text.slice(start, reader.at)
      space = ''
      isMultiLine = false
    }
    if (!reader.isBlank() && !reader.isBreak()) break
    const gap = scanGap(reader, indent)
    space = gap.text
    isMultiLine = gap.hasBreak
    if (!isFlow && reader.column < indent) break
  }
  return { text, isMultiLine }
}

/** Goes to where a plain scalar pauses or ends. Most letters of a text are read here. */
function skipPlainLetters(reader: Reader, isFlow: boolean): void {
  const { text } = reader
  for (;;) {
    let { at } = reader
    while (IS_PLAIN[text.charCodeAt(at)] === 1) at += 1
    reader.at = at
    if (reader.isBlankOrEnd()) return
    const code = text.charCodeAt(at)
    if (code === COLON) {
      if (reader.isBlankOrEnd(1)) return
      if (isFlow && AFTER_COLON.has(reader.peek(1)))
        throw new YamlFault("found unexpected ':'", reader.mark())
    } else if (isFlow && FLOW_INDICATORS.has(code)) return
    reader.at += 1
  }
}

/** Letters that mean nothing in the middle of a plain scalar, wherever it stands. */
const IS_PLAIN = new Uint8Array(128)
for (let code = 33; code < 127; code += 1)
  IS_PLAIN[code] = code === COLON || FLOW_INDICATORS.has(code) ? 0 : 1

interface Gap {
  /** The blanks of one line, or what the lines' ends between two words mean. */
  readonly text: string
  readonly hasBreak: boolean
}

/** Goes over blanks and lines' ends inside a scalar. Without `indent`, tabs may stand anywhere. */
function scanGap(reader: Reader, indent = 0): Gap {
  const start = reader.at
  while (reader.isBlank()) reader.at += 1
  if (!reader.isBreak()) return { text: reader.text.slice(start, reader.at), hasBreak: false }
  const first = reader.readBreak()
  let breaks = first === '\n' ? '' : first
  while (reader.isBlank() || reader.isBreak()) {
    if (reader.isBreak()) breaks += reader.readBreak()
    else {
      if (reader.isTab() && reader.column < indent)
        throw new YamlFault('found a tab character that violates indentation', reader.mark())
      reader.at += 1
    }
  }
  return { text: breaks === '' ? ' ' : breaks, hasBreak: true }
}

/** Behind a backslash at a line's end: the lines are one, and only empty ones between them count. */
function scanJoin(reader: Reader): string {
  let breaks = ''
  while (reader.isBlank() || reader.isBreak()) {
    if (reader.isBreak()) breaks += reader.readBreak()
    else reader.at += 1
  }
  return breaks
}

/** @see YAML 1.1 §9.1.1 and §9.1.2 */
export function scanQuoted(reader: Reader): string {
  const quote = reader.peek()
  reader.at += 1
  let text = ''
  for (;;) {
    if (reader.isDocumentIndicator())
      throw new YamlFault('found unexpected document indicator', reader.mark())
    if (reader.isEnd()) throw new YamlFault('found unexpected end of stream', reader.mark())
    const piece = quote === QUOTE ? scanDoubleQuotedPiece(reader) : scanSingleQuotedPiece(reader)
    text += piece.text
    if (reader.peek() === quote) break
    text += piece.isJoined ? scanJoin(reader) : scanGap(reader).text
  }
  reader.at += 1
  return text
}

interface Piece {
  readonly text: string
  readonly isJoined: boolean
}

function scanSingleQuotedPiece(reader: Reader): Piece {
  let text = ''
  let start = reader.at
  while (!reader.isBlankOrEnd()) {
    if (reader.peek() === APOSTROPHE) {
      if (reader.peek(1) !== APOSTROPHE) break
      text += `${reader.text.slice(start, reader.at)}'`
      reader.at += 2
      start = reader.at
    } else {
      reader.at += 1
    }
  }
  return { text: text + reader.text.slice(start, reader.at), isJoined: false }
}

function scanDoubleQuotedPiece(reader: Reader): Piece {
  let text = ''
  let start = reader.at
  while (!reader.isBlankOrEnd() && reader.peek() !== QUOTE) {
    if (reader.peek() !== BACKSLASH) {
      reader.at += 1
      continue
    }
    text += reader.text.slice(start, reader.at)
    if (reader.isBreak(1)) {
      reader.at += 1
      reader.readBreak()
      return { text, isJoined: true }
    }
    text += scanEscape(reader)
    start = reader.at
  }
  return { text: text + reader.text.slice(start, reader.at), isJoined: false }
}

const ESCAPES: Readonly<Record<string, string>> = {
  0: '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  '\t': '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  ' ': ' ',
  '"': '"',
  '/': '/',
  '\\': '\\',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
}

const HEX_LENGTHS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }

function scanEscape(reader: Reader): string {
  const letter = reader.text[reader.at + 1] ?? ''
  if (Object.hasOwn(ESCAPES, letter)) {
    reader.at += 2
    return ESCAPES[letter]!
  }
  const length = Object.hasOwn(HEX_LENGTHS, letter) ? HEX_LENGTHS[letter]! : 0
  if (length === 0) throw new YamlFault('found unknown escape character', reader.mark())
  const digits = reader.text.slice(reader.at + 2, reader.at + 2 + length)
  if (!/^[\da-f]+$/i.test(digits) || digits.length < length)
    throw new YamlFault('did not find expected hexdecimal number', reader.mark())
  const code = Number.parseInt(digits, 16)
  // Half of a pair may follow the other, as JSON writes letters beyond the basic plane.
  if (code > 0x10_ffff || (length === 8 && code >= 0xd800 && code <= 0xdfff))
    throw new YamlFault('found invalid Unicode character escape code', reader.mark())
  reader.at += 2 + length
  return String.fromCodePoint(code)
}
