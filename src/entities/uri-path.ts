import { normalizePath } from '../http/normalize-path.ts'

/** Why a text is no path to send upstream; that it begins with one slash is checked before. */
export function pathFault(path: string): string | undefined {
  if (!/^[A-Za-z0-9.\-_~/%:@!$&'()*+,;=]*$/.test(path))
    return `invalid path: '${path}' (characters outside of the reserved list of RFC 3986 found)`
  return escapeFault(path)
}

/** Every `%` is followed by two hex digits. */
export function escapeFault(path: string): string | undefined {
  const found = /%(?![\da-f]{2})/i.exec(path)
  return found === null
    ? undefined
    : `invalid url-encoded value: '${path.slice(found.index, found.index + 3)}'`
}

/**
 * The form in which a plain path of a route is stored and compared.
 *
 * Triplets of unreserved bytes are decoded as long as the outcome is text; a path whose bytes are
 * no UTF-8 stays as it is.
 */
export function normalRoutePath(path: string): string {
  const normal = Buffer.from(normalizePath(Buffer.from(path).toString('latin1')), 'latin1')
  const text = normal.toString()
  return Buffer.from(text).equals(normal) ? text : path
}

/**
 * A route's path of the formats 1.1 and 2.1 in the notation of 3.0, where regexes begin with `~`.
 * Before 3.0 a path was a regex by the letters in it.
 */
export function migratedRoutePath(path: string): string {
  if (/^[A-Za-z0-9.\-_~/%]*$/.test(path)) return normalRoutePath(path)
  return `~${path.replaceAll(/%([\da-f]{2})/gi, decodedInRegex)}`
}

const RESERVED = "!#$%&'()*+,/:;=?@[]"
const SPECIAL_IN_REGEX = '.^$|\\?*+()[]{}-'

function decodedInRegex(triplet: string, hex: string): string {
  const byte = Number.parseInt(hex, 16)
  const letter = String.fromCharCode(byte)
  if (byte >= 0x80 || RESERVED.includes(letter)) return triplet.toUpperCase()
  return SPECIAL_IN_REGEX.includes(letter) ? `\\${letter}` : letter
}
