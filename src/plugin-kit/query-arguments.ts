import { decodeArgument } from '../http/query.ts'

/**
 * A query string without the arguments of one name, however the name is percent-encoded. The others
 * keep their order and come out in the plainest encoding, so that the upstream reads what we read.
 *
 * @param rawQuery without `?`
 * @returns the same string when it has no such argument
 */
export function withoutArgument(rawQuery: string, name: string): string {
  const parts = rawQuery.split('&')
  const kept = parts.filter((part) => decodeArgument(nameOf(part)) !== name)
  if (kept.length === parts.length) return rawQuery
  return kept
    .filter((part) => part !== '')
    .map(recoded)
    .join('&')
}

/** One name or value of a query or form, encoded; the counterpart of {@link decodeArgument}. */
export function encodeArgument(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

function nameOf(part: string): string {
  const equals = part.indexOf('=')
  return equals === -1 ? part : part.slice(0, equals)
}

function recoded(part: string): string {
  const equals = part.indexOf('=')
  if (equals === -1) return recodedText(part)
  return `${recodedText(part.slice(0, equals))}=${recodedText(part.slice(equals + 1))}`
}

const UNENCODED = /[A-Za-z0-9\-_.!~*'()]/

/** Works on bytes, not characters, because a query need not be UTF-8. */
function recodedText(text: string): string {
  const bytes = Buffer.from(text.replaceAll('+', ' '), 'utf8').toString('latin1')
  const decoded = bytes.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  let encoded = ''
  for (const byte of decoded)
    encoded += UNENCODED.test(byte)
      ? byte
      : `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  return encoded
}
