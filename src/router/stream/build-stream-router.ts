import type { Protocol, Route, Service } from '../../entities/entity.ts'
import { addressRangesTest } from '../address-range.ts'
import { compileExpression } from '../expression/compile-expression.ts'
import { parseExpression } from '../expression/parse-expression.ts'
import { hasAny } from '../field-conditions.ts'
import { hostPattern, nameFits } from '../host.ts'
import type { NormalizedPath, RouterFlavor, RoutingRequest } from '../route-match.ts'
import type { StreamConnection, StreamMatch, StreamRouter } from './stream-connection.ts'
import {
  compareCompatibleStream,
  compareTraditionalStream,
  rankCompatibleStream,
  rankTraditionalStream,
  type StreamRank,
} from './stream-order.ts'

/** A route in the order of preference, with what it asks besides the protocol. */
interface Candidate {
  /** Place in the order; 0 is asked first. */
  readonly rank: number
  readonly match: StreamMatch
  readonly holds: (connection: StreamConnection) => boolean
}

/** The candidates of one protocol: most routes of many are found by the name asked for. */
interface CandidatesOfProtocol {
  readonly byName: ReadonlyMap<string, readonly Candidate[]>
  readonly others: readonly Candidate[]
}

const TAKEN: Readonly<Record<StreamConnection['protocol'], readonly Protocol[]>> = {
  tcp: ['tcp'],
  tls: ['tls', 'tls_passthrough'],
  udp: ['udp'],
}

/**
 * Compiles routes into a router of connections. Routes of other protocols and those of a disabled
 * service are left out.
 *
 * Stricter than Kong on purpose: a route takes connections of its own protocols only. There a plain
 * connection can match a route of `tls`, whose service then hears in clear what should be encrypted,
 * and a handshake without a name matches routes that ask for one.
 *
 * @param services by id
 */
export function buildStreamRouter(
  routes: readonly Route[],
  services: ReadonlyMap<string, Service>,
  flavor: RouterFlavor,
): StreamRouter {
  const candidates = inOrder(routes, flavor).flatMap((route, rank) => {
    const service = route.service === null ? undefined : services.get(route.service.id)
    if (route.service !== null && service?.enabled !== true) return []
    return [{ rank, match: { route, service }, holds: testOf(route, flavor) }]
  })
  const tables = {
    tcp: tableFor(candidates, TAKEN.tcp),
    tls: tableFor(candidates, TAKEN.tls),
    udp: tableFor(candidates, TAKEN.udp),
  }
  return { match: (connection) => find(tables[connection.protocol], connection) }
}

function inOrder(routes: readonly Route[], flavor: RouterFlavor): readonly Route[] {
  const own = routes.filter(({ protocols }) => protocols.some(isStreamProtocol))
  const ranked =
    flavor === 'traditional'
      ? own.map(rankTraditionalStream).sort(compareTraditionalStream)
      : own.map((route) => rank(route, flavor)).sort(compareCompatibleStream)
  return ranked.map(({ route }) => route)
}

/** Routes with an expression come before all others, by their own priority. */
function rank(route: Route, flavor: RouterFlavor): StreamRank {
  const { weights } = rankCompatibleStream(route)
  if (flavor !== 'expressions') return { route, weights }
  return typeof route.expression === 'string'
    ? { route, weights: [1, route.priority ?? 0, 0] }
    : { route, weights: [0, ...weights] }
}

function tableFor(
  candidates: readonly Candidate[],
  protocols: readonly Protocol[],
): CandidatesOfProtocol {
  const byName = new Map<string, Candidate[]>()
  const others: Candidate[] = []
  for (const candidate of candidates) {
    const { route } = candidate.match
    if (!route.protocols.some((protocol) => protocols.includes(protocol))) continue
    const names = protocols === TAKEN.tls ? exactNames(route) : undefined
    if (names === undefined) others.push(candidate)
    for (const name of new Set(names)) {
      const known = byName.get(name)
      if (known === undefined) byName.set(name, [candidate])
      else known.push(candidate)
    }
  }
  return { byName, others }
}

/** The names of a route that asks for nothing but whole names, and may so be found by them. */
function exactNames(route: Route): readonly string[] | undefined {
  if (typeof route.expression === 'string' || !hasAny(route.snis)) return undefined
  const names = route.snis.map(plainName)
  return names.some((name) => name.includes('*')) ? undefined : names
}

/** Goes through both lists at once, in the order of rank. */
function find(
  { byName, others }: CandidatesOfProtocol,
  connection: StreamConnection,
): StreamMatch | undefined {
  const named = connection.sni === undefined ? NONE : (byName.get(connection.sni) ?? NONE)
  let at = 0
  let other = 0
  while (at < named.length || other < others.length) {
    const isNamed = (named[at]?.rank ?? Infinity) < (others[other]?.rank ?? Infinity)
    const candidate = isNamed ? named[at++]! : others[other++]!
    if (candidate.holds(connection)) return candidate.match
  }
  return undefined
}

const NONE: readonly Candidate[] = []

/** Everything a route sets must hold; of each list, one element. */
function testOf(route: Route, flavor: RouterFlavor): (connection: StreamConnection) => boolean {
  if (flavor === 'expressions' && typeof route.expression === 'string')
    return expressionTest(route.expression)
  const { snis, sources, destinations } = route
  const tests: ((connection: StreamConnection) => boolean)[] = []
  if (hasAny(snis)) tests.push(nameTest(snis))
  if (hasAny(sources)) {
    const fits = addressRangesTest(sources)
    tests.push(({ sourceIp, sourcePort }) => fits(sourceIp, sourcePort))
  }
  if (hasAny(destinations)) {
    const fits = addressRangesTest(destinations)
    tests.push(({ destinationIp, destinationPort }) => fits(destinationIp, destinationPort))
  }
  return (connection) => tests.every((holds) => holds(connection))
}

/** Where there is no handshake there is no name, and the condition holds: a route may take both. */
function nameTest(snis: readonly string[]): (connection: StreamConnection) => boolean {
  const patterns = snis.map((sni) => hostPattern(plainName(sni)))
  return ({ protocol, sni }) =>
    protocol !== 'tls' || (sni !== undefined && patterns.some((pattern) => nameFits(sni, pattern)))
}

/** Names are compared without case, and a trailing dot is never sent in a handshake. */
function plainName(sni: string): string {
  const name = sni.toLowerCase()
  return name.length > 1 && name.endsWith('.') ? name.slice(0, -1) : name
}

/** The fields that expressions of such routes may use are those of connections. */
function expressionTest(text: string): (connection: StreamConnection) => boolean {
  const { holds } = compileExpression(parseExpression(text))
  return (connection) => holds(asRequest(connection))
}

function asRequest({ protocol, ...connection }: StreamConnection): RoutingRequest {
  return {
    ...connection,
    scheme: protocol,
    port: connection.destinationPort,
    method: '',
    path: '/' as NormalizedPath,
    rawQuery: '',
    host: '',
    headerValues: () => [],
  }
}

export function isStreamProtocol(protocol: Protocol): boolean {
  return (
    protocol === 'tcp' || protocol === 'tls' || protocol === 'tls_passthrough' || protocol === 'udp'
  )
}
