import { splitHost } from './host.ts'
import { isRegexPath, type RoutePart } from './route-part.ts'
import type { RankedPart } from './compatible-order.ts'

/**
 * The order of flavour `traditional`: more kinds of attribute first, then hosts before headers
 * before paths before methods before SNIs; within the same kinds the more special, then the older.
 * What then is still alike Kong leaves as its sorting happens to; here the larger id goes first, as
 * in the other flavours.
 */
export function compareTraditional(a: RankedPart, b: RankedPart): number {
  for (let at = 0; at < a.weights.length; at += 1) {
    const difference = b.weights[at]! - a.weights[at]!
    if (difference !== 0) return difference
  }
  if (a.part.route.created_at !== b.part.route.created_at)
    return a.part.route.created_at - b.part.route.created_at
  if (a.part.id === b.part.id) return 0
  return a.part.id < b.part.id ? 1 : -1
}

export function rankTraditional(part: RoutePart): RankedPart {
  const { route, paths } = part
  const kinds = traditionalKinds(part)
  const hosts = route.hosts ?? []
  const wildcards = hosts.filter((host) => host.includes('*'))
  const hasRegex = paths[0] !== undefined && isRegexPath(paths[0])
  const hasWildcardPort = wildcards.some((host) => splitHost(host).port !== undefined)
  const isPlain = route.hosts !== null && wildcards.length === 0
  return {
    part,
    weights: [
      bitCount(kinds),
      kinds,
      (hasWildcardPort ? 4 : 0) + (isPlain ? 2 : 0) + (hasRegex ? 1 : 0),
      headerNames(part).length,
      hasRegex ? route.regex_priority : 0,
      hasRegex || paths[0] === undefined ? 0 : Buffer.byteLength(paths[0]),
    ],
  }
}

/** Kinds of attribute that are set, as bits in the order of their weight. */
function traditionalKinds(part: RoutePart): number {
  const { route, paths } = part
  return (
    (isSet(route.hosts) ? 64 : 0) |
    (headerNames(part).length > 0 ? 32 : 0) |
    (isSet(paths) ? 16 : 0) |
    (isSet(route.methods) ? 8 : 0) |
    (isSet(route.snis) ? 4 : 0)
  )
}

function headerNames({ route }: RoutePart): readonly string[] {
  return Object.keys(route.headers ?? {}).filter((name) => name.toLowerCase() !== 'host')
}

function isSet(list: readonly unknown[] | null): boolean {
  return list !== null && list.length > 0
}

function bitCount(bits: number): number {
  let count = 0
  for (let rest = bits; rest !== 0; rest &= rest - 1) count += 1
  return count
}
