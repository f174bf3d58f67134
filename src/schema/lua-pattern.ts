/**
 * Whether a text matches a Lua pattern, the notation schemas publish in `match` and its kin.
 *
 * Patterns are written by authors of schemas, never by clients, and are compiled once.
 * Letters are compared as UTF-16 units where Lua compares bytes; classes know ASCII alone, as in
 * the C locale. Balanced matches (`%b`) are refused, since no published schema has one.
 *
 * @throws {SyntaxError} when the pattern is malformed or uses `%b`
 * @see Lua 5.1 reference manual, §5.4.1
 */
export function matchesLuaPattern(pattern: string, text: string): boolean {
  let compiled = compiledPatterns.get(pattern)
  if (compiled === undefined) {
    compiled = new RegExp(luaPatternSource(pattern), 's')
    compiledPatterns.set(pattern, compiled)
  }
  return compiled.test(text)
}

const compiledPatterns = new Map<string, RegExp>()

/** The body of each class as it stands between brackets in a regular expression. */
const CLASSES: Readonly<Record<string, string>> = {
  a: 'A-Za-z',
  c: '\\x00-\\x1f\\x7f',
  d: '0-9',
  l: 'a-z',
  p: '!-\\/:-@\\[-`{-~',
  s: ' \\t-\\r',
  u: 'A-Z',
  w: 'A-Za-z0-9',
  x: 'A-Fa-f0-9',
  z: '\\x00',
}

const COMPLEMENTS: Readonly<Record<string, string>> = {
  a: '\\x00-@\\[-`{-\\uffff',
  c: ' -~\\x80-\\uffff',
  d: '\\x00-\\/:-\\uffff',
  l: '\\x00-`{-\\uffff',
  p: '\\x00- 0-9A-Za-z\\x7f-\\uffff',
  s: '\\x00-\\x08\\x0e-\\x1f!-\\uffff',
  u: '\\x00-@\\[-\\uffff',
  w: '\\x00-\\/:-@\\[-`{-\\uffff',
  x: '\\x00-\\/:-@G-`g-\\uffff',
  z: '\\x01-\\uffff',
}

/** The same pattern as the source of a regular expression, also used for JSON Schema. */
export function luaPatternSource(pattern: string): string {
  let source = ''
  let at = 0
  if (pattern.startsWith('^')) {
    source = '^'
    at = 1
  }
  while (at < pattern.length) {
    const item = readItem(pattern, at)
    at = item.end
    const quantifier = item.isSingle ? QUANTIFIERS[pattern[at] ?? ''] : undefined
    if (quantifier !== undefined) at++
    source += item.source + (quantifier ?? '')
  }
  return source
}

const QUANTIFIERS: Readonly<Record<string, string>> = { '*': '*', '+': '+', '-': '*?', '?': '?' }

interface Item {
  readonly source: string
  readonly end: number
  /** Whether a quantifier may follow. */
  readonly isSingle: boolean
}

function readItem(pattern: string, at: number): Item {
  const letter = pattern[at]!
  if (letter === '(' || letter === ')') return { source: letter, end: at + 1, isSingle: false }
  if (letter === '$' && at === pattern.length - 1)
    return { source: '$', end: at + 1, isSingle: false }
  if (letter === '.') return { source: '.', end: at + 1, isSingle: true }
  if (letter === '[') return readSet(pattern, at)
  if (letter === '%') return readEscape(pattern, at)
  return { source: escapeLetter(letter), end: at + 1, isSingle: true }
}

function readEscape(pattern: string, at: number): Item {
  const letter = pattern[at + 1]
  if (letter === undefined) throw new SyntaxError(`Lua pattern "${pattern}" ends with %`)
  if (letter === 'b') throw new SyntaxError(`Lua pattern "${pattern}" uses %b`)
  if (letter === 'f') {
    const set = readSet(pattern, at + 2)
    return { source: `(?<!${set.source})(?=${set.source}|$)`, end: set.end, isSingle: false }
  }
  if (/[1-9]/.test(letter)) return { source: `\\${letter}`, end: at + 2, isSingle: false }
  const set = classSource(letter)
  const source = set === undefined ? escapeLetter(letter) : `[${set}]`
  return { source, end: at + 2, isSingle: true }
}

function classSource(letter: string): string | undefined {
  const lower = letter.toLowerCase()
  return letter === lower ? CLASSES[lower] : COMPLEMENTS[lower]
}

function readSet(pattern: string, start: number): Item {
  let at = start + 1
  let source = '['
  if (pattern[at] === '^') {
    source += '^'
    at++
  }
  // A bracket in first place is a letter of the set, not its end.
  const first = at
  while (pattern[at] !== ']' || at === first) {
    const letter = pattern[at]
    if (letter === undefined) throw new SyntaxError(`Lua pattern "${pattern}" lacks a ]`)
    if (letter === '%') {
      const escaped = pattern[at + 1] ?? ''
      source += classSource(escaped) ?? escapeLetter(escaped)
      at += 2
    } else if (pattern[at + 1] === '-' && pattern[at + 2] !== ']' && at + 2 < pattern.length) {
      source += `${escapeLetter(letter)}-${escapeLetter(pattern[at + 2]!)}`
      at += 3
    } else {
      source += escapeLetter(letter)
      at++
    }
  }
  return { source: `${source}]`, end: at + 1, isSingle: true }
}

function escapeLetter(letter: string): string {
  return /[\\^$.*+?()[\]{}|/-]/.test(letter) ? `\\${letter}` : letter
}
