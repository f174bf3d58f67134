import { isUtf8 } from 'node:buffer'
import { isJsonObject, type JsonObject } from '../../base/json.ts'
import { ALGORITHMS, type Algorithm } from './algorithms.ts'
import { decodeBase64Url, isBase64Url, writeBase64Url } from './base64url.ts'
import { hasDuplicates, isTooDeep } from './strict-json.ts'

/** A token taken apart; nothing in it is verified yet. */
export interface DecodedToken {
  readonly header: JsonObject
  /** Whether a name stands twice in it; the last one counts. */
  readonly isHeaderAmbiguous: boolean
  /** `undefined` when the payload is JSON but not an object, so there are no claims to find. */
  readonly claims: JsonObject | undefined
  readonly algorithmName: string
  readonly algorithm: Algorithm
  /** Header and payload with the dot between them, as received. */
  readonly signed: string
  /** In base64url. */
  readonly signature: string
}

/** Kong's words for a token that cannot be read, and ours. */
export interface TokenFault {
  readonly fault: 'invalid JSON' | 'invalid alg' | 'invalid claims' | 'invalid signature'
  readonly why: string
}

/** Longer than any header line the gateway takes; a limit of its own for tokens in queries. */
const MAX_LENGTH = 32_768

/**
 * Takes a token apart. Faults are tried in Kong's order, which decides about the message: both JSON
 * parts, then the algorithm, then the signature's letters.
 *
 * Where Kong fails with an error 500 (a part that is `null`, a number or `true`) this is a fault
 * like any other. Of a name that is twice in a part the last one counts, as in Kong and as RFC 7515
 * §4 and RFC 7519 §4 allow.
 */
export function decodeToken(token: string): DecodedToken | TokenFault {
  const firstDot = token.indexOf('.')
  const secondDot = firstDot === -1 ? -1 : token.indexOf('.', firstDot + 1)
  if (secondDot === -1) return { fault: 'invalid JSON', why: 'it does not have three parts' }
  if (token.length > MAX_LENGTH)
    return { fault: 'invalid JSON', why: `it is longer than ${MAX_LENGTH} characters` }

  const header = decodeHeader(token.slice(0, firstDot))
  if ('why' in header) return { fault: 'invalid JSON', why: `its header ${header.why}` }
  const payload = decodePart(token.slice(firstDot + 1, secondDot))
  if ('why' in payload) return { fault: 'invalid JSON', why: `its payload ${payload.why}` }
  return decodeRest(token, secondDot, header, payload.value)
}

/** What has no members at all: Kong reads a list or a string as if it had none. */
function isMemberless(value: unknown): boolean {
  return typeof value === 'string' || Array.isArray(value)
}

function decodeRest(
  token: string,
  secondDot: number,
  { value: header, isAmbiguous }: HeaderPart,
  payload: unknown,
): DecodedToken | TokenFault {
  if (!isJsonObject(header))
    return isMemberless(header)
      ? { fault: 'invalid alg', why: 'its header is not an object' }
      : { fault: 'invalid JSON', why: 'its header is not an object' }
  const { alg } = header
  const algorithm = typeof alg === 'string' ? ALGORITHMS.get(alg) : undefined
  if (typeof alg !== 'string' || algorithm === undefined)
    return { fault: 'invalid alg', why: `its alg is ${JSON.stringify(alg) ?? 'missing'}` }
  if (payload === false) return { fault: 'invalid claims', why: 'its payload is false' }
  if (!isJsonObject(payload) && !isMemberless(payload))
    return { fault: 'invalid JSON', why: 'its payload is not an object' }
  const signature = token.slice(secondDot + 1)
  if (!isBase64Url(signature))
    return { fault: 'invalid signature', why: 'its signature is not base64url' }
  return {
    header,
    isHeaderAmbiguous: isAmbiguous,
    claims: isJsonObject(payload) ? payload : undefined,
    algorithmName: alg,
    algorithm,
    signed: token.slice(0, secondDot),
    signature,
  }
}

interface Unreadable {
  readonly why: string
}

type Part = { readonly value: unknown; readonly json: string } | Unreadable

interface HeaderPart {
  readonly value: unknown
  readonly isAmbiguous: boolean
}

/** Longer headers, and more of them than this, are not remembered. */
const REMEMBERED = { letters: 512, headers: 64 }
const headers = new Map<string, HeaderPart>()

/** All tokens of an issuer have the same header, so what it says is remembered by its text. */
function decodeHeader(text: string): HeaderPart | Unreadable {
  const known = headers.get(text)
  if (known !== undefined) return known
  const part = decodePart(text)
  if ('why' in part) return part
  const header = { value: part.value, isAmbiguous: hasDuplicates(part.json) }
  // Only what could be decoded: its letters are ASCII, so that no other text has the same bytes.
  if (text.length <= REMEMBERED.letters) {
    // Whoever sends many has nothing from it but that they are read anew.
    if (headers.size === REMEMBERED.headers) headers.clear()
    headers.set(Buffer.from(text, 'latin1').toString('latin1'), header)
  }
  return header
}

/** Room for what most tokens say. */
const scratch = Buffer.alloc(4096)

function decodePart(text: string): Part {
  const json = jsonOf(text)
  if (typeof json !== 'string') return json
  try {
    const value = JSON.parse(json) as unknown
    return isTooDeep(json) ? { why: 'is nested too deep' } : { value, json }
  } catch {
    return { why: 'is not JSON' }
  }
}

function jsonOf(text: string): string | { readonly why: string } {
  if (text.length > scratch.length) return longJsonOf(text)
  const length = writeBase64Url(text, scratch)
  if (length === undefined) return { why: 'is not base64url' }
  const json = scratch.latin1Slice(0, length)
  // As long in UTF-8: all of it is ASCII.
  if (Buffer.byteLength(json) === length) return json
  return isUtf8(scratch.subarray(0, length))
    ? scratch.toString('utf8', 0, length)
    : { why: 'is not UTF-8' }
}

function longJsonOf(text: string): string | { readonly why: string } {
  const bytes = decodeBase64Url(text)
  if (bytes === undefined) return { why: 'is not base64url' }
  return isUtf8(bytes) ? bytes.toString('utf8') : { why: 'is not UTF-8' }
}
