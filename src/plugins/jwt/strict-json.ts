/** Deeper than any claim; what is nested deeper is made to hurt a parser. */
const MAX_DEPTH = 64

/** What a JSON text of a token is like beyond its value. */
export interface JsonShape {
  readonly isTooDeep: boolean
  /** An object in it has two members of one name. */
  readonly hasDuplicates: boolean
}

/**
 * Looks at the form of a JSON text: its depth, and whether a name stands twice in one object, which
 * two parsers may read differently.
 *
 * @param text valid JSON
 */
export function jsonShape(text: string): JsonShape {
  // One entry an open bracket: the names of an object so far, or `undefined` for a list.
  const open: (Set<string> | undefined)[] = []
  let hasDuplicates = false
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at]
    if (letter === '{') open.push(new Set())
    else if (letter === '[') open.push(undefined)
    else if (letter === '}' || letter === ']') open.pop()
    else if (letter === '"') {
      const end = stringEnd(text, at)
      const names = open.at(-1)
      if (names !== undefined && isName(text, end)) {
        const name = JSON.parse(text.slice(at, end)) as string
        hasDuplicates ||= names.has(name)
        names.add(name)
      }
      at = end - 1
    }
    if (open.length > MAX_DEPTH) return { isTooDeep: true, hasDuplicates }
  }
  return { isTooDeep: false, hasDuplicates }
}

/** Index after the closing quote of the string that opens at `from`. */
function stringEnd(text: string, from: number): number {
  let at = from + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

/** A string is a member's name when a colon follows it. */
function isName(text: string, end: number): boolean {
  let at = end
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\n' || text[at] === '\r') at += 1
  return text[at] === ':'
}
