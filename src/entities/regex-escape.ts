export interface RegexFault {
  readonly message: string
  readonly at: number
}

/** What a backslash and the letters after it stand for. */
export type RegexEscape =
  | (RegexFault & { readonly kind: 'fault' })
  | { readonly kind: 'letter'; readonly code: number; readonly end: number }
  /** A kind of letter: `\d`, `\p{L}`. */
  | { readonly kind: 'type'; readonly end: number }
  | { readonly kind: 'assertion'; readonly end: number }
  | { readonly kind: 'quote' | 'end-quote'; readonly end: number }
  | {
      readonly kind: 'reference'
      readonly to: number | string
      readonly at: number
      readonly end: number
    }

/** The escape at a place of a pattern, outside a class; so many groups have been opened before. */
export function escapeAt(source: string, at: number, groups: number): RegexEscape {
  const letter = source[at + 1]
  const end = at + 2
  if (letter === undefined) return fault('\\ at end of pattern', source.length)
  if (letter === 'g' || letter === 'k') return namedReferenceAt(source, end, letter, groups)
  if (/[1-9]/.test(letter)) return numberAt(source, at, groups)
  if (/[ABGKZbz]/.test(letter)) return { kind: 'assertion', end }
  return commonEscapeAt(source, at)
}

/** The escape at a place within a class. */
export function classEscapeAt(source: string, at: number): RegexEscape {
  const letter = source[at + 1]
  const end = at + 2
  if (letter === undefined) return fault('\\ at end of pattern', source.length)
  if (letter === 'b') return { kind: 'letter', code: 8, end }
  if (letter === 'N') return fault('\\N is not supported in a class', end)
  if (/[ABCGKRXZkz]/.test(letter))
    return fault('escape sequence is invalid in character class', end - 1)
  if (/[g89]/.test(letter)) return { kind: 'letter', code: letter.charCodeAt(0), end }
  if (/[0-7]/.test(letter)) return octalAt(source, at)
  return commonEscapeAt(source, at)
}

/** What is the same in a class and outside. */
function commonEscapeAt(source: string, at: number): RegexEscape {
  const letter = source[at + 1]!
  const end = at + 2
  if (/[dDsSwWhHvVRXC]/.test(letter)) return { kind: 'type', end }
  if (letter === 'Q' || letter === 'E') return { kind: letter === 'Q' ? 'quote' : 'end-quote', end }
  const read = SPECIAL_ESCAPES[letter]
  return read === undefined ? plainLetterAt(source, end, letter) : read(source, end)
}

/** How what follows these letters is read. */
const SPECIAL_ESCAPES: Readonly<Record<string, (source: string, end: number) => RegexEscape>> = {
  '0': (source, end) => octalAt(source, end - 2),
  N: notNewlineAt,
  P: propertyAt,
  c: controlAt,
  o: (source, end) =>
    source[end] === '{'
      ? bracedNumberAt(source, end + 1, 8)
      : fault('missing opening brace after \\o', end - 1),
  p: propertyAt,
  x: (source, end) =>
    source[end] === '{' ? bracedNumberAt(source, end + 1, 16) : hexAt(source, end),
}

function plainLetterAt(source: string, end: number, letter: string): RegexEscape {
  if (/[FLlUu]/.test(letter)) return fault(UNSUPPORTED, end)
  const control = CONTROLS[letter]
  if (control !== undefined) return { kind: 'letter', code: control, end }
  if (/[A-Za-z]/.test(letter)) return fault('unrecognized character follows \\', end - 1)
  const code = source.codePointAt(end - 1)!
  return { kind: 'letter', code, end: code > 0xff_ff ? end + 1 : end }
}

const CONTROLS: Readonly<Record<string, number>> = { a: 7, e: 27, f: 12, n: 10, r: 13, t: 9 }

const UNSUPPORTED = 'PCRE2 does not support \\F, \\L, \\l, \\N{name}, \\U, or \\u'

function fault(message: string, at: number): RegexEscape {
  return { kind: 'fault', message, at }
}

/** `\N`, with or without a quantifier; `\N{U+41}` is another thing. */
function notNewlineAt(source: string, end: number): RegexEscape {
  const rest = source.slice(end)
  if (!rest.startsWith('{') || /^\{\d*(?:,\d*)?\}/.test(rest)) return { kind: 'type', end }
  return rest.startsWith('{U+')
    ? fault('\\N{U+dddd} is supported only in Unicode (UTF) mode', end)
    : fault(UNSUPPORTED, end)
}

/** `\1`: a reference if there are so many groups or it has one digit, else a number in octal. */
function numberAt(source: string, at: number, groups: number): RegexEscape {
  const digits = /^\d+/.exec(source.slice(at + 1))![0]
  const to = Number(digits)
  if (to >= 10 && to > groups && digits < '8') return octalAt(source, at)
  const end = at + 1 + digits.length
  return { kind: 'reference', to, at: end - 1, end }
}

function octalAt(source: string, at: number): RegexEscape {
  const digits = /^[0-7]{0,3}/.exec(source.slice(at + 1))![0]
  const end = at + 1 + digits.length
  const code = Number.parseInt(digits, 8)
  return code > 0xff
    ? fault('octal value is greater than \\377 in 8-bit non-UTF-8 mode', end)
    : { kind: 'letter', code, end }
}

function hexAt(source: string, start: number): RegexEscape {
  const digits = /^[\da-f]{0,2}/i.exec(source.slice(start))![0]
  const code = digits === '' ? 0 : Number.parseInt(digits, 16)
  return { kind: 'letter', code, end: start + digits.length }
}

/** `\x{…}` and `\o{…}`, from after the brace. */
function bracedNumberAt(source: string, start: number, base: 8 | 16): RegexEscape {
  const rest = source.slice(start)
  if (rest === '' || rest.startsWith('}'))
    return fault('digits missing in \\x{} or \\o{} or \\N{U+}', start)
  const digits = (base === 16 ? /^[\da-f]*/i : /^[0-7]*/).exec(rest)![0]
  const code = Number.parseInt(digits, base)
  const end = start + digits.length
  if (code > 0xff) return fault('character code point value in \\x{} or \\o{} is too large', end)
  if (source[end] === '}') return { kind: 'letter', code, end: end + 1 }
  return base === 16
    ? fault('non-hex character in \\x{} (closing brace missing?)', end)
    : fault('non-octal character in \\o{} (closing brace missing?)', end)
}

function controlAt(source: string, at: number): RegexEscape {
  const letter = source[at]
  if (letter === undefined) return fault('\\c at end of pattern', at)
  if (letter < ' ' || letter > '~')
    return fault('\\c must be followed by a printable ASCII character', at)
  return { kind: 'letter', code: letter.toUpperCase().charCodeAt(0) ^ 0x40, end: at + 1 }
}

/** `\pL` and `\p{Lu}`, from after the letter. */
function propertyAt(source: string, at: number): RegexEscape {
  const found = /^(?:\{\s*\^?([\w\s&=:-]*)\}|([A-Za-z]))/.exec(source.slice(at))
  if (found === null) {
    const end = /^\{[^}]*/.exec(source.slice(at))?.[0].length ?? 0
    return fault('malformed \\P or \\p sequence', at + end)
  }
  const [text, inBraces, single] = found
  const end = at + text.length
  return isProperty((inBraces ?? single)!)
    ? { kind: 'type', end }
    : fault('unknown property after \\P or \\p', end)
}

/** Neither case nor spaces, hyphens and underscores count in a property's name. */
function isProperty(name: string): boolean {
  if (
    /^(?:any|l&|x(?:an|ps|sp|uc|wd)|c[cfnos]?|l[lmotuc]?|m[cen]?|n[dlo]?|p[cdefios]?|s[ckmo]?|z[lps]?)$/i.test(
      name,
    )
  )
    return true
  if (/^(?:sc|script|scx|script_extensions|bc|bidi_class)\s*[:=]/i.test(name)) return true
  const words = name
    .split(/[\s_-]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase())
  return isUnicodeProperty(`Script=${words.join('_')}`) || isUnicodeProperty(words.join('_'))
}

function isUnicodeProperty(name: string): boolean {
  try {
    return new RegExp(`\\p{${name}}`, 'u').unicode
  } catch {
    return false
  }
}

/** `\g1`, `\g{-1}`, `\k<name>`, from after the letter. */
function namedReferenceAt(
  source: string,
  start: number,
  letter: 'g' | 'k',
  groups: number,
): RegexEscape {
  const number = letter === 'g' ? numberedReferenceAt(source, start, groups) : undefined
  if (number !== undefined) return number
  const close = NAME_ENDS[source[start] ?? '']
  if (close === undefined || (letter === 'g' && /^[<'][+-]?\d/.test(source.slice(start))))
    return fault(letter === 'g' ? NO_NUMBER : NO_NAME, start)
  const name = readName(source, start + 1, close)
  if (typeof name !== 'string') return { kind: 'fault', ...name }
  return { kind: 'reference', to: name, at: start + 1, end: start + name.length + 2 }
}

const NAME_ENDS: Readonly<Record<string, string>> = { '{': '}', '<': '>', "'": "'" }

const NO_NAME = '\\k is not followed by a braced, angle-bracketed, or quoted name'

const NO_NUMBER =
  '\\g is not followed by a braced, angle-bracketed, or quoted name/number or by a plain number'

function numberedReferenceAt(
  source: string,
  start: number,
  groups: number,
): RegexEscape | undefined {
  const found =
    /^(?:(?<sign>[+-]?)(?<digits>\d+)|\{(?<sign>[+-]?)(?<digits>\d+)\}|<(?<sign>[+-]?)(?<digits>\d+)>|'(?<sign>[+-]?)(?<digits>\d+)')/.exec(
      source.slice(start),
    )
  if (found === null) return undefined
  const end = start + found[0].length
  const to = groupNumber(found.groups!['sign']!, Number(found.groups!['digits']), groups)
  return { kind: 'reference', to, at: end - 1, end }
}

/** The group that a number with or without a sign means, when so many have been opened. */
export function groupNumber(sign: string, number: number, groups: number): number {
  if (sign === '+') return groups + number
  return sign === '-' ? groups + 1 - number : number
}

/** A name and the letter that ends it. */
export function readName(source: string, start: number, close: string): string | RegexFault {
  const name = /^\w*/.exec(source.slice(start))![0]
  if (/^\d/.test(name)) return { message: 'subpattern name must start with a non-digit', at: start }
  if (name === '') return { message: 'subpattern name expected', at: start }
  const at = start + name.length
  return source[at] === close
    ? name
    : { message: 'syntax error in subpattern name (missing terminator?)', at }
}
