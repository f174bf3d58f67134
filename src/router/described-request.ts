import { isMalformedPath, normalizePath } from '../http/normalize-path.ts'
import { toBytes } from './byte-text.ts'
import { hostName, hostPort } from './host.ts'
import type { RoutingRequest } from './route-match.ts'

/** A request that nobody sends: what somebody wants to know the route of. */
export interface RequestDescription {
  readonly method: string
  /** `http://host:port/path?query`, or a path alone; as a client sends it, so nothing is decoded yet. */
  readonly url: string
  /** By lower-case name; a `host` stands before the one in the URL. */
  readonly headers: Readonly<Record<string, readonly string[]>>
  /** Server name of the TLS handshake; absent: the host's name, as clients do. */
  readonly sni?: string
  readonly sourceIp?: string
  readonly sourcePort?: number
  /** Where the request came in; absent: the port of the URL. */
  readonly destinationIp?: string
  readonly destinationPort?: number
}

/**
 * What the router would see of a request like this.
 *
 * @returns or why the gateway would refuse it before it looks for a route
 */
export function describedRequest(
  description: RequestDescription,
): RoutingRequest | { readonly fault: string } {
  const parts = URL_PARTS.exec(description.url)
  if (parts === null) return { fault: `"${description.url}" is neither an http URL nor a path` }
  const scheme = parts[1]?.toLowerCase() === 'https' ? 'https' : 'http'
  const [path = '', ...query] = parts[3]!.split('?')
  const rawPath = toBytes(path === '' ? '/' : path)
  if (isMalformedPath(rawPath)) return { fault: `the path "${path}" is malformed` }
  const { method, headers } = description
  const host = headers['host']?.[0] ?? parts[2] ?? ''
  return {
    method,
    path: normalizePath(rawPath),
    rawQuery: toBytes(query.join('?')),
    host: toBytes(host),
    scheme,
    ...connectionOf(description, scheme, host),
    headerValues: (name) => headers[name]?.map(toBytes) ?? [],
  }
}

function connectionOf(
  description: RequestDescription,
  scheme: 'http' | 'https',
  host: string,
): Omit<RoutingRequest, 'method' | 'path' | 'rawQuery' | 'host' | 'scheme' | 'headerValues'> {
  const { sni = hostName(host), sourceIp = LOOPBACK, sourcePort = 0 } = description
  const { destinationIp = LOOPBACK } = description
  const usualPort = scheme === 'https' ? 443 : 80
  const port = description.destinationPort ?? hostPort(host) ?? usualPort
  return {
    port,
    sni: scheme === 'https' ? sni : undefined,
    sourceIp,
    sourcePort,
    destinationIp,
    destinationPort: port,
  }
}

const LOOPBACK = '127.0.0.1'

/** Scheme, authority and all the rest but a fragment, which clients keep to themselves. */
const URL_PARTS = /^(?:(https?):\/\/([^/?#@]+))?((?:\/|\?|$)[^#]*)(?:#.*)?$/i
