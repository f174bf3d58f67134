import { isRegexPath, type RoutePart } from './route-part.ts'

/**
 * The order of flavour `traditional_compatible`: plain hosts before anything else, then regex
 * paths, then how many kinds of attribute a route sets.
 *
 * That hosts and regexes outweigh the number of kinds is what Kong 3.9 does, not what it documents:
 * it shifts its weights within 32 bits. For the same reason four kinds or more outweigh both.
 * Header count and regex_priority share bits there, so they are added up here as well; where
 * regex_priority would not fit Kong's field, it is compared as the number it is.
 */
export function compareCompatible(a: RankedPart, b: RankedPart): number {
  for (let at = 0; at < a.weights.length; at += 1) {
    const difference = b.weights[at]! - a.weights[at]!
    if (difference !== 0) return difference
  }
  if (a.part.id === b.part.id) return 0
  return a.part.id < b.part.id ? 1 : -1
}

export interface RankedPart {
  readonly part: RoutePart
  /** Compared one by one; larger goes first. */
  readonly weights: readonly number[]
}

export function rankCompatible(part: RoutePart): RankedPart {
  const { route, paths } = part
  const kinds = kindCount(part)
  const isWide = kinds >= 4
  const hasPlainHosts = route.hosts?.every((host) => !host.includes('*')) === true
  const hasRegex = paths[0] !== undefined && isRegexPath(paths[0])
  const headerCount = Math.min(Object.keys(route.headers ?? {}).length, 255)
  const regexPriority = hasRegex ? route.regex_priority : 0
  const length = hasRegex || paths[0] === undefined ? 0 : Buffer.byteLength(paths[0])
  return {
    part,
    weights: [
      isWide ? 1 : 0,
      !isWide && hasPlainHosts ? 1 : 0,
      !isWide && hasRegex ? 1 : 0,
      kinds,
      (headerCount << 1) | Math.min(Math.max(regexPriority, 0), 1023),
      regexPriority,
      length,
    ],
  }
}

function kindCount({ route, paths }: RoutePart): number {
  const lists = [route.methods, route.hosts, route.snis, paths, Object.keys(route.headers ?? {})]
  return lists.filter((list) => list !== null && list.length > 0).length
}
