import type { Protocol } from '../entities/entity.ts'
import { addressRangesTest, describeRanges } from './address-range.ts'
import { doAllHold } from './candidate.ts'
import type { Condition } from './condition.ts'
import { headerCondition } from './header-condition.ts'
import {
  hostName,
  hostNameLength,
  hostPattern,
  hostPort,
  nameFits,
  type HostPattern,
} from './host.ts'
import type { RouterFlavor, RoutingRequest } from './route-match.ts'
import type { RoutePart } from './route-part.ts'

/**
 * Makes what routes' fields ask, apart from hosts and paths: those the index knows. Routes that ask
 * the same share one list, which stays in the processor's cache.
 */
export function fieldConditionMaker(
  flavor: RouterFlavor,
): (part: RoutePart) => readonly Condition[] {
  const made = new Map<string, readonly Condition[]>()
  return (part) => {
    const { protocols, methods, headers, snis, sources, destinations } = part.route
    const key = JSON.stringify([protocols, methods, headers, snis, sources, destinations])
    let conditions = made.get(key)
    if (conditions === undefined) made.set(key, (conditions = fieldConditions(part, flavor)))
    return conditions
  }
}

export function fieldConditions(part: RoutePart, flavor: RouterFlavor): readonly Condition[] {
  const { route } = part
  const conditions: Condition[] = []
  if (flavor === 'expressions') conditions.push(...protocolConditions(route.protocols))
  if (hasAny(route.methods)) conditions.push(methodCondition(route.methods))
  for (const [name, values] of Object.entries(route.headers ?? {}))
    conditions.push(headerCondition(name, values, flavor === 'traditional'))
  if (hasAny(route.snis)) conditions.push(sniCondition(route.snis, flavor !== 'traditional'))
  if (hasAny(route.sources)) {
    const ranges = route.sources
    const fits = addressRangesTest(ranges)
    conditions.push({
      kind: 'sources',
      holds: (request) => fits(request.sourceIp, request.sourcePort),
      failure: (request) =>
        `${request.sourceIp}:${request.sourcePort} is not in ${describeRanges(ranges)}`,
    })
  }
  if (hasAny(route.destinations)) {
    const ranges = route.destinations
    const fits = addressRangesTest(ranges)
    conditions.push({
      kind: 'destinations',
      holds: (request) => fits(request.destinationIp, request.destinationPort),
      failure: (request) =>
        `${request.destinationIp}:${request.destinationPort} is not in ${describeRanges(ranges)}`,
    })
  }
  return conditions
}

export function methodCondition(methods: readonly string[]): Condition {
  const [only] = methods
  return {
    kind: 'methods',
    holds:
      methods.length === 1
        ? (request) => request.method === only
        : (request) => methods.includes(request.method),
    failure: (request) => `${request.method} is not one of ${methods.join(', ')}`,
  }
}

/**
 * Compares the server name of the TLS handshake. Without TLS there is none and the condition holds,
 * so that the route can answer with a redirect to https.
 */
function sniCondition(snis: readonly string[], allowsWildcards: boolean): Condition {
  const patterns = snis.map((sni) => sniPattern(sni, allowsWildcards))
  return {
    kind: 'snis',
    holds({ scheme, sni }) {
      if (scheme !== 'https') return true
      return sni !== undefined && patterns.some((pattern) => nameFits(sni, pattern))
    },
    failure: ({ sni }) => `${sni ?? 'no server name'} is not one of ${snis.join(', ')}`,
  }
}

/** A trailing dot, as fully qualified names have it, is never sent in a handshake. */
function sniPattern(sni: string, allowsWildcards: boolean): HostPattern {
  const name = sni.length > 1 && sni.endsWith('.') ? sni.slice(0, -1) : sni
  return allowsWildcards ? hostPattern(name) : { kind: 'exact', text: name, port: undefined }
}

/**
 * In flavour expressions the scheme counts, except for routes of https alone: those take http as
 * well, to answer with a redirect.
 */
export function protocolConditions(protocols: readonly Protocol[]): readonly Condition[] {
  if (protocols.length === 1 && protocols[0] === 'https') return []
  const schemes = new Set<string | undefined>(protocols.map((protocol) => SCHEMES.get(protocol)))
  if (schemes.has('http') && schemes.has('https')) return []
  return [
    {
      kind: 'protocols',
      holds: ({ scheme }) => schemes.has(scheme),
      failure: ({ scheme }) => `${scheme} is not one of ${protocols.join(', ')}`,
    },
  ]
}

const SCHEMES: ReadonlyMap<Protocol, 'http' | 'https'> = new Map([
  ['http', 'http'],
  ['grpc', 'http'],
  ['https', 'https'],
  ['grpcs', 'https'],
])

/** The port a request asks for: that of its Host header, or else the one it came in at. */
export function requestedPort(request: RoutingRequest, flavor: RouterFlavor): number {
  const named = hostPort(request.host)
  if (named !== undefined) return named
  if (flavor !== 'traditional') return request.port
  return request.scheme === 'https' ? 443 : 80
}

/** In flavour traditional the star of `*.x` stands for something. */
function longerHostCondition(suffix: string): Condition {
  return {
    kind: 'hosts',
    holds: ({ host }) => hostNameLength(host) > suffix.length,
    failure: ({ host }) => `${host} has nothing before ${suffix}`,
  }
}

/** What a configured host asks beside the name. */
export function hostConditions(
  { kind, text, port }: HostPattern,
  flavor: RouterFlavor,
): readonly Condition[] {
  const conditions: Condition[] = []
  if (port !== undefined) conditions.push(portCondition(port, flavor))
  if (kind === 'suffix' && flavor === 'traditional') conditions.push(longerHostCondition(text))
  return conditions
}

function portCondition(port: number, flavor: RouterFlavor): Condition {
  return {
    kind: 'hosts',
    holds: (request) => requestedPort(request, flavor) === port,
    failure: (request) => `port ${requestedPort(request, flavor)} is not ${port}`,
  }
}

/** The whole of a route's hosts as one condition, for explanations. */
export function hostCondition(hosts: readonly string[], flavor: RouterFlavor): Condition {
  const patterns = hosts.map((host) => {
    const pattern = hostPattern(host)
    return { pattern, conditions: hostConditions(pattern, flavor) }
  })
  return {
    kind: 'hosts',
    holds: (request) =>
      patterns.some(
        ({ pattern, conditions }) =>
          nameFits(hostName(request.host), pattern) && doAllHold(conditions, request),
      ),
    failure: (request) => `${request.host || 'no host'} is not one of ${hosts.join(', ')}`,
  }
}

export function hasAny<Value>(list: readonly Value[] | null | undefined): list is readonly Value[] {
  return list !== null && list !== undefined && list.length > 0
}
