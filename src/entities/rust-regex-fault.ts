/**
 * Why the engine of Kong's newer routers takes a pattern for none that PCRE2 knows, in its words,
 * or `undefined` where nothing of the kind is found.
 *
 * @see https://docs.rs/regex/latest/regex/#syntax
 */
export function rustRegexFault(pattern: string): string | undefined {
  let at = 0
  let canRepeat = false
  while (at < pattern.length) {
    const rest = pattern.slice(at)
    const fault = itemFault(pattern, at, canRepeat)
    if (fault !== undefined) return fault
    const [item] = ITEM.exec(rest)!
    at += item.length
    canRepeat = !/^\(\??|^\|$/.test(item)
  }
  return undefined
}

/** An escape, a class, the start of a group, a quantifier, or one letter. */
const ITEM =
  /^(?:\\[pPxuUb](?:\{[^}]*\})?|\\[^]|\[\^?\]?(?:\[:\^?\w+:\]|\\[^]|[^\]\\])*\]?|\(\?P?<[^>]*>|\(\?[a-zA-Z^-]*[:)]|\{[^}]*\}|[^])/u

function itemFault(pattern: string, at: number, canRepeat: boolean): string | undefined {
  switch (pattern.charAt(at)) {
    case '\\':
      return escapeFault(pattern, at, false)
    case '[':
      return classFault(pattern, at)
    case '(':
      return groupFault(pattern, at)
    case '{':
      return bracesFault(pattern, at, canRepeat)
    default:
      return undefined
  }
}

function shown(pattern: string, at: number, length: number, message: string): string {
  const mark = `${' '.repeat(at)}${'^'.repeat(length)}`
  return `regex parse error:\n    ${pattern}\n    ${mark}\nerror: ${message}`
}

function escapeFault(pattern: string, at: number, isInClass: boolean): string | undefined {
  const letter = pattern[at + 1] ?? ''
  if (/\d/.test(letter)) return shown(pattern, at, 2, 'backreferences are not supported')
  if (isInClass && /[bBAz]/.test(letter))
    return shown(pattern, at, 2, 'invalid escape sequence found in character class')
  return /[A-Za-z]/.test(letter) && !/[ABDPSUWabdfnprstuvwxz]/.test(letter)
    ? shown(pattern, at, 2, 'unrecognized escape sequence')
    : undefined
}

function classFault(pattern: string, start: number): string | undefined {
  const [text] = ITEM.exec(pattern.slice(start))!
  for (const { index } of text.matchAll(/\\[^]/g)) {
    const fault = escapeFault(pattern, start + index, true)
    if (fault !== undefined) return fault
  }
  return undefined
}

/** Braces are letters to PCRE2 where they hold no numbers, and here they never are. */
function bracesFault(pattern: string, at: number, canRepeat: boolean): string | undefined {
  if (!canRepeat) return shown(pattern, at, 1, 'repetition operator missing expression')
  const rest = pattern.slice(at)
  if (/^\{\s*(?:\d+\s*(?:,\s*\d*\s*)?|,\s*\d+\s*)\}/.test(rest)) return undefined
  const [unclosed] = /^\{\s*(?:\d+\s*(?:,\s*\d*\s*)?)?/.exec(rest)!
  const needsNumber = /[{,]\s*$/.test(unclosed) && unclosed.length < rest.length
  return needsNumber
    ? shown(pattern, at + unclosed.length, 1, 'repetition quantifier expects a valid decimal')
    : shown(pattern, at, unclosed.length, 'unclosed counted repetition')
}

function groupFault(pattern: string, at: number): string | undefined {
  const head = pattern.slice(at + 1)
  const around = /^\?<?[=!]/.exec(head)
  if (around !== null)
    return shown(
      pattern,
      at,
      around[0].length + 1,
      'look-around, including look-ahead and look-behind, is not supported',
    )
  if (head.startsWith('*'))
    return shown(pattern, at + 1, 1, 'repetition operator missing expression')
  const name = /^\?P?<[\w.[\]]*/.exec(head)
  if (name !== null) {
    const end = at + 1 + name[0].length
    return pattern[end] === '>'
      ? undefined
      : shown(pattern, end, 1, 'invalid capture group character')
  }
  const flags = /^\?[imsUuxR-]*/.exec(head)
  if (flags === null) return undefined
  const end = at + 1 + flags[0].length
  return /^[:)]/.test(pattern.slice(end)) ? undefined : shown(pattern, end, 1, 'unrecognized flag')
}
