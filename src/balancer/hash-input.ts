import { randomUUID } from 'node:crypto'
import { toByteString } from '../base/buffer-slices.ts'
import type { HashInput, Upstream } from '../entities/entity.ts'
import type { UriCaptures } from '../entities/uri-captures.ts'
import type { BalancingRequest } from './peer.ts'

type Reader = (request: BalancingRequest) => string | undefined

/** Names in the fields that go with an input: those of `hash_on…` or of `hash_fallback…`. */
interface InputNames {
  readonly header: string | null
  readonly queryArg: string | null
  readonly uriCapture: string | null
}

/**
 * Makes the function that tells what an upstream hashes on for a request: the first of its two
 * inputs that the request has, else the empty text, so that all such requests go one way.
 *
 * @returns a function to a string of one character a byte
 */
export function hashInput(upstream: Upstream): (request: BalancingRequest) => string {
  const first = READERS[upstream.hash_on](upstream, {
    header: upstream.hash_on_header,
    queryArg: upstream.hash_on_query_arg,
    uriCapture: upstream.hash_on_uri_capture,
  })
  const second = READERS[upstream.hash_fallback](upstream, {
    header: upstream.hash_fallback_header,
    queryArg: upstream.hash_fallback_query_arg,
    uriCapture: upstream.hash_fallback_uri_capture,
  })
  return (request) => toBytes(first(request) ?? second(request) ?? '')
}

const READERS: Readonly<Record<HashInput, (upstream: Upstream, names: InputNames) => Reader>> = {
  none: () => () => undefined,
  consumer: () => (request) => request.consumerId ?? request.credentialId,
  ip: () => (request) => request.clientIp,
  path: () => (request) => decodedPath(request.path),
  header: (_, { header }) => headerReader(header ?? ''),
  query_arg:
    (_, { queryArg }) =>
    (request) =>
      joined(
        request
          .queryValues(queryArg ?? '')
          .map(String)
          .sort(),
        ',',
      ),
  uri_capture:
    (_, { uriCapture }) =>
    (request) =>
      capture(request.captures, uriCapture ?? ''),
  cookie: (upstream) => {
    const made = newCookies(upstream)
    return (request) => request.cookie(upstream.hash_on_cookie ?? '') ?? made(request)
  },
}

/**
 * Kong 3 reads the header as a variable of nginx: a name written with `-` is never found, one written
 * with `_` is that of either sign. Hashing as it does keeps keys at their targets in a move from there.
 */
export function isHeaderFound(name: string): boolean {
  return !name.includes('-')
}

function headerReader(written: string): Reader {
  if (!isHeaderFound(written)) return () => undefined
  const name = written.toLowerCase()
  const dashed = name.replaceAll('_', '-')
  return (request) => {
    const values = request.headerValues(dashed)
    return joined(values.length === 0 ? request.headerValues(name) : values, ', ')
  }
}

/** A new cookie for a request that brings none; the same one when it is tried again. */
function newCookies(upstream: Upstream): (request: BalancingRequest) => string {
  const given = new WeakMap<BalancingRequest, string>()
  const { hash_on_cookie: name, hash_on_cookie_path: path } = upstream
  return (request) => {
    const known = given.get(request)
    if (known !== undefined) return known
    const value = randomUUID()
    given.set(request, value)
    // "Same-Site" with a hyphen is what Kong sends. Browsers ignore it and take their default, Lax.
    request.setCookie(`${name}=${value}; Path=${path}; Same-Site=Lax; HttpOnly`)
    return value
  }
}

function joined(values: readonly string[], separator: string): string | undefined {
  return values.length === 0 ? undefined : values.join(separator)
}

/** A group by name, or by number as text. */
function capture(captures: UriCaptures | undefined, group: string): string | undefined {
  if (captures === undefined) return undefined
  if (Object.hasOwn(captures.named, group)) return captures.named[group]
  return /^\d+$/.test(group) ? captures.unnamed[Number(group)] : undefined
}

/** Two spellings of one path go to one place. */
function decodedPath(path: string): string {
  if (!path.includes('%')) return path
  return path.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

/** Header values come as bytes already; only what holds letters beyond them is encoded. */
function toBytes(text: string): string {
  for (let index = 0; index < text.length; index += 1)
    if (text.charCodeAt(index) > 255) return toByteString(text)
  return text
}
