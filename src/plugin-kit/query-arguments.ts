import { decodeArgument, type QueryPair } from '../http/query.ts'

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

/**
 * A query string without the arguments of one name, written anew as a form is (the URL standard's
 * `application/x-www-form-urlencoded`) whether or not it had such an argument: in order, a space as
 * `+`, every name with a `=`.
 *
 * @param rawQuery without `?`
 */
export function asFormWithoutArgument(rawQuery: string, name: string): string {
  const byteName = Buffer.from(name, 'utf8').toString('latin1')
  return rawQuery
    .replace(/^\?/, '')
    .split('&')
    .filter((part) => part !== '')
    .map((part) => [nameOf(part), part.slice(nameOf(part).length + 1)].map(decodedBytes))
    .filter(([key]) => key !== byteName)
    .map((pair) => pair.map(formEncoded).join('='))
    .join('&')
}

/** What `parseQuery` gives, with a letter for a byte: other bytes always are another text. */
export function argumentsAsBytes(rawQuery: string): readonly QueryPair[] {
  return rawQuery.split('&').flatMap((part): QueryPair[] => {
    const name = nameOf(part)
    if (name === '') return []
    const value = name === part || decodedBytes(part.slice(name.length + 1))
    return [[decodedBytes(name), value]]
  })
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

function recodedText(text: string): string {
  return encodedBytes(decodedBytes(text), UNENCODED)
}

const UNENCODED_IN_FORM = /[A-Za-z0-9*\-._ ]/

function formEncoded(bytes: string): string {
  return encodedBytes(bytes, UNENCODED_IN_FORM).replaceAll(' ', '+')
}

/** A letter per byte before and after, because a query need not be UTF-8. */
function decodedBytes(text: string): string {
  return text
    .replaceAll('+', ' ')
    .replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
}

function encodedBytes(bytes: string, unencoded: RegExp): string {
  let encoded = ''
  for (const byte of bytes)
    encoded += unencoded.test(byte)
      ? byte
      : `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  return encoded
}
