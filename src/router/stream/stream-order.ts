import type { AddressRange, Route } from '../../entities/entity.ts'
import { hasAny } from '../field-conditions.ts'

/** What decides between routes that take the same connection; larger weights go first. */
export interface StreamRank {
  readonly route: Route
  readonly weights: readonly number[]
}

/** Bits of one list of addresses: an address is more special than a port, a port than a network. */
const IP = 8
const PORT = 4
const NETWORK = 1

/**
 * The order of flavours `traditional_compatible` and `expressions`: a server name, or sources
 * together with destinations, before everything else; then sources before destinations. Of equal
 * ones the larger id goes first.
 */
export function rankCompatibleStream(route: Route): StreamRank {
  const { snis, sources, destinations } = route
  const isSpecial = hasAny(snis) || (hasAny(sources) && hasAny(destinations))
  return {
    route,
    weights: [isSpecial ? 1 : 0, (addressBits(sources) << 4) | addressBits(destinations)],
  }
}

export function compareCompatibleStream(a: StreamRank, b: StreamRank): number {
  const difference = compareWeights(a, b)
  if (difference !== 0 || a.route.id === b.route.id) return difference
  return a.route.id < b.route.id ? 1 : -1
}

/**
 * The order of flavour `traditional`: more kinds of attribute first, then server names before
 * sources before destinations, then elements that name address and port; of equal ones the older.
 */
export function rankTraditionalStream(route: Route): StreamRank {
  const { snis, sources, destinations } = route
  const kinds = [hasAny(snis), hasAny(sources), hasAny(destinations)]
  return {
    route,
    weights: [
      kinds.filter(Boolean).length,
      (kinds[0] ? 4 : 0) | (kinds[1] ? 2 : 0) | (kinds[2] ? 1 : 0),
      (namesBoth(sources) ? 2 : 0) | (namesBoth(destinations) ? 1 : 0),
    ],
  }
}

export function compareTraditionalStream(a: StreamRank, b: StreamRank): number {
  const difference = compareWeights(a, b) || a.route.created_at - b.route.created_at
  if (difference !== 0 || a.route.id === b.route.id) return difference
  return a.route.id < b.route.id ? -1 : 1
}

function compareWeights(a: StreamRank, b: StreamRank): number {
  for (let at = 0; at < a.weights.length; at += 1) {
    const difference = b.weights[at]! - a.weights[at]!
    if (difference !== 0) return difference
  }
  return 0
}

function addressBits(ranges: readonly AddressRange[] | null): number {
  let bits = 0
  for (const { ip, port } of ranges ?? []) {
    if (isSet(ip)) bits |= ip.includes('/') ? NETWORK : IP
    if (isSet(port)) bits |= PORT
  }
  return bits
}

function namesBoth(ranges: readonly AddressRange[] | null): boolean {
  return (ranges ?? []).some(({ ip, port }) => isSet(ip) && isSet(port))
}

function isSet<Value>(value: Value | null | undefined): value is Value {
  return value !== null && value !== undefined
}
