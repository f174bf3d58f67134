declare const normalized: unique symbol
/** A request path made by {@link normalizePath}; only such a path may decide about routes and access. */
export type NormalizedPath = string & { readonly [normalized]: true }

/** For a path the codec saw to have nothing to normalise: see `RequestHead.isPlainPath`. */
export function plainPath(rawPath: string): NormalizedPath {
  return rawPath as NormalizedPath
}

/** Something to decode, or a segment that begins with a dot or is empty. */
const NOT_NORMAL = /%|\/[./]/

/**
 * Gives a request path the one form that routes and access rules are compared with:
 * percent triplets decoded unless the byte is reserved, dot segments removed, slashes merged.
 *
 * Triplets of reserved bytes stay encoded with upper-case hex, so an encoded slash never becomes
 * a separator. A stray `%` becomes `%25`, which keeps the function idempotent.
 *
 * @param rawPath bytes as latin1 text, without query; one that {@link isMalformedPath} refuses should not get here
 * @returns a path that begins with `/`; the same string when there was nothing to do
 * @see RFC 3986 §6.2.2
 */
export function normalizePath(rawPath: string): NormalizedPath {
  if (rawPath.charCodeAt(0) === SLASH && !NOT_NORMAL.test(rawPath)) return rawPath as NormalizedPath
  const decoded = rawPath.includes('%') ? decodeUnreserved(rawPath) : rawPath
  return withoutDotSegments(decoded) as NormalizedPath
}

/**
 * Whether no sensible reading of a path exists: a `%` without two hex digits, a NUL byte, dot
 * segments that climb above the root (an encoded slash counts as one here, since a backend may
 * decode it), or no slash in front.
 *
 * @param rawPath as received, without query
 */
export function isMalformedPath(rawPath: string): boolean {
  if (rawPath.charCodeAt(0) !== SLASH) return true
  if (!SUSPICIOUS.test(rawPath)) return false
  if (BAD_ESCAPE.test(rawPath)) return true
  return climbsAboveRoot(rawPath)
}

const SLASH = 47
const SUSPICIOUS = /[%\0]|\/\./
const BAD_ESCAPE = /\0|%(?![0-9A-Fa-f]{2})|%00/

/** Bytes that may mean something else when decoded. @see RFC 3986 §2.2, and `%` itself */
const RESERVED = new Uint8Array(256)
for (const character of "!*'();:@&=+$,/?%#[]") RESERVED[character.charCodeAt(0)] = 1

function decodeUnreserved(path: string): string {
  let decoded = ''
  let copied = 0
  for (let at = path.indexOf('%'); at !== -1; at = path.indexOf('%', at)) {
    decoded += path.slice(copied, at)
    const byte = hexByte(path, at + 1)
    if (byte === -1) {
      decoded += '%25'
      at += 1
    } else {
      decoded +=
        RESERVED[byte] === 1 ? path.slice(at, at + 3).toUpperCase() : String.fromCharCode(byte)
      at += 3
    }
    copied = at
  }
  return decoded + path.slice(copied)
}

/** @returns the byte two hex digits mean, or -1 */
function hexByte(path: string, at: number): number {
  const high = hexDigit(path.charCodeAt(at))
  const low = hexDigit(path.charCodeAt(at + 1))
  return high === -1 || low === -1 ? -1 : high * 16 + low
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

/** Removes `.`, `..` and empty segments; a trailing one leaves its slash. */
function withoutDotSegments(path: string): string {
  const kept: string[] = []
  const segments = path.split('/')
  const last = segments.length - 1
  for (const [index, segment] of segments.entries()) {
    const isDots = segment === '.' || segment === '..'
    if (segment === '..') kept.pop()
    if (segment !== '' && !isDots) kept.push(segment)
    else if (index === last && kept.length > 0) return `/${kept.join('/')}/`
  }
  return `/${kept.join('/')}`
}

function climbsAboveRoot(path: string): boolean {
  let depth = 0
  const plain = path.replaceAll(/%2e/gi, '.').replaceAll(/%2f/gi, '/')
  for (const segment of plain.split('/')) {
    if (segment === '..') depth -= 1
    else if (segment !== '' && segment !== '.') depth += 1
    if (depth < 0) return true
  }
  return false
}
