import type { JsonObject } from '../../base/json.ts'
import { claimReader, type ClaimReader } from './claim-at.ts'

export type ClaimHeader = readonly [name: string, value: string]

/** Claims to be sent, by header: those of the plugin and those of an issuer. */
export type ClaimHeaders = Readonly<Record<string, string>>

/** Reads the headers that a token's claims become; a claim that is absent makes none. */
export function headersOfClaims(
  forwarded: ClaimHeaders,
): ((claims: JsonObject) => readonly ClaimHeader[]) | undefined {
  const readers = Object.entries(forwarded).map(
    ([claim, header]): readonly [string, ClaimReader] => [header, claimReader(claim)],
  )
  if (readers.length === 0) return undefined
  return (claims) =>
    readers.flatMap(([header, read]): readonly ClaimHeader[] => {
      const value = headerValue(read(claims))
      return value === undefined ? [] : [[header, value]]
    })
}

/**
 * A claim as a header value: texts, numbers and truth values as they are, lists of them with commas
 * between, all else as JSON, also a list in which a comma would be mistaken for one between. One that
 * holds a control character is not sent, since it would no longer be what the issuer said.
 */
export function headerValue(value: unknown): string | undefined {
  const text = Array.isArray(value) && value.every(isListed) ? value.join(',') : textOf(value)
  return text === undefined || /[\0-\u{1f}\u{7f}]/u.test(text) ? undefined : text
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  return isPlain(value) ? String(value) : JSON.stringify(value)
}

function isPlain(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

function isListed(value: unknown): value is string | number | boolean {
  return isPlain(value) && !String(value).includes(',')
}
