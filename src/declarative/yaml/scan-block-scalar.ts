import type { Reader } from './reader.ts'
import { YamlFault } from './token.ts'

const PLUS = 43
const MINUS = 45
const HASH = 35
const SPACE = 32
const GREATER = 62

interface Header {
  /** What becomes of the line's ends after the last line: kept, one kept, or none. */
  readonly chomping: 'keep' | 'clip' | 'strip'
  /** Indentation as written, relative to the block around; 0 when the first line decides. */
  readonly increment: number
}

/**
 * A scalar behind `|` or `>`.
 *
 * @param outer indentation of the block around it, -1 at the top
 * @see YAML 1.1 §9.2
 */
export function scanBlockScalar(reader: Reader, outer: number): string {
  const isFolded = reader.peek() === GREATER
  reader.at += 1
  const { chomping, increment } = scanHeader(reader)
  const given = increment === 0 ? 0 : Math.max(outer, 0) + increment
  let gap = scanEmptyLines(reader, given, outer)
  const { indent } = gap
  let text = ''
  let lineEnd = ''
  let wasIndented = false
  while (reader.column === indent && !reader.isEnd()) {
    const isIndented = reader.isBlank()
    const isJoined = isFolded && lineEnd === '\n' && !wasIndented && !isIndented
    text += isJoined ? fold(gap.breaks) : lineEnd + gap.breaks
    wasIndented = isIndented
    const start = reader.at
    while (!reader.isBreakOrEnd()) reader.at += 1
    text += reader.text.slice(start, reader.at)
    lineEnd = reader.isEnd() ? '' : reader.readBreak()
    gap = scanEmptyLines(reader, indent, outer)
  }
  if (chomping !== 'strip') text += lineEnd
  return chomping === 'keep' ? text + gap.breaks : text
}

/** The end of one line becomes a space; more of them lose the first. */
function fold(breaks: string): string {
  return breaks === '' ? ' ' : breaks
}

// oxlint-disable-next-line complexity -- the grammar of four kinds of letter, in any order
function scanHeader(reader: Reader): Header {
  let chomping: Header['chomping'] = 'clip'
  let increment = 0
  for (let part = 0; part < 2; part += 1) {
    const code = reader.peek()
    if (code === PLUS || code === MINUS) {
      chomping = code === PLUS ? 'keep' : 'strip'
      reader.at += 1
    } else if (code >= 48 && code <= 57) {
      if (code === 48)
        throw new YamlFault('found an indentation indicator equal to 0', reader.mark())
      increment = code - 48
      reader.at += 1
    }
  }
  while (reader.isBlank()) reader.at += 1
  if (reader.peek() === HASH) while (!reader.isBreakOrEnd()) reader.at += 1
  if (!reader.isBreakOrEnd())
    throw new YamlFault('did not find expected comment or line break', reader.mark())
  if (reader.isBreak()) reader.readBreak()
  return { chomping, increment }
}

interface EmptyLines {
  readonly breaks: string
  readonly indent: number
}

/** Goes over empty lines and the indentation after them, which it finds out when it is 0. */
function scanEmptyLines(reader: Reader, indent: number, outer: number): EmptyLines {
  let breaks = ''
  let deepest = 0
  const isInIndent = (): boolean => indent === 0 || reader.column < indent
  for (;;) {
    while (isInIndent() && reader.peek() === SPACE) reader.at += 1
    deepest = Math.max(deepest, reader.column)
    if (isInIndent() && reader.isTab())
      throw new YamlFault(
        'found a tab character where an indentation space is expected',
        reader.mark(),
      )
    if (!reader.isBreak()) break
    breaks += reader.readBreak()
  }
  return { breaks, indent: indent === 0 ? Math.max(deepest, outer + 1, 1) : indent }
}
