/** Deeper than any claim; what is nested deeper is made to hurt a parser. */
const MAX_DEPTH = 64

const QUOTE = 0x22
const COLON = 0x3a
const OPEN_LIST = 0x5b
const BACKSLASH = 0x5c
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/**
 * Whether a JSON text is nested deeper than a token's claims ever are.
 *
 * @param text valid JSON
 */
export function isTooDeep(text: string): boolean {
  // Most claims are no lists and have no members of their own.
  if (!text.includes('{', 1) && !text.includes('[')) return false
  let depth = 0
  for (let at = 0; at < text.length; at += 1) {
    const letter = text.charCodeAt(at)
    if (letter === QUOTE) at = stringEnd(text, at) - 1
    else if (letter === OPEN_OBJECT || letter === OPEN_LIST) {
      depth += 1
      if (depth > MAX_DEPTH) return true
    } else if (letter === CLOSE_OBJECT || letter === CLOSE_LIST) depth -= 1
  }
  return false
}

/**
 * Whether a name stands twice in one object, which two parsers may read differently.
 *
 * @param text valid JSON that is not too deep
 */
export function hasDuplicates(text: string): boolean {
  // One entry an open bracket: the names of an object so far, or `undefined` for a list.
  const open: (Set<string> | undefined)[] = []
  for (let at = 0; at < text.length; at += 1) {
    const letter = text.charCodeAt(at)
    if (letter === OPEN_OBJECT) open.push(new Set())
    else if (letter === OPEN_LIST) open.push(undefined)
    else if (letter === CLOSE_OBJECT || letter === CLOSE_LIST) open.pop()
    else if (letter === QUOTE) {
      const end = stringEnd(text, at)
      const names = open.at(-1)
      if (names !== undefined && isName(text, end) && !addNew(names, text.slice(at, end)))
        return true
      at = end - 1
    }
  }
  return false
}

/** @returns whether the name, still in quotes, was not there yet */
function addNew(names: Set<string>, quoted: string): boolean {
  return names.size !== names.add(JSON.parse(quoted) as string).size
}

/** Index after the closing quote of the string that opens at `from`. */
function stringEnd(text: string, from: number): number {
  let at = text.indexOf('"', from + 1)
  while (isEscaped(text, at)) at = text.indexOf('"', at + 1)
  return at + 1
}

/** Whether an odd number of backslashes stands before a letter. */
function isEscaped(text: string, at: number): boolean {
  let first = at
  while (text.charCodeAt(first - 1) === BACKSLASH) first -= 1
  return (at - first) % 2 === 1
}

/** A string is a member's name when a colon follows it. */
function isName(text: string, end: number): boolean {
  let at = end
  while (text.charCodeAt(at) <= 0x20) at += 1
  return text.charCodeAt(at) === COLON
}
