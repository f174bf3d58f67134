import { createHash } from 'node:crypto'
import type { Route, Service } from '../entities/entity.ts'

/** A route, or the part of one that the order of preference ranks by itself. */
export interface RoutePart {
  readonly route: Route
  readonly service: Service | undefined
  /** The route's id, or one made from it. */
  readonly id: string
  /** As configured: with `~` in front of a regex. */
  readonly paths: readonly string[]
}

/** Http routes that can be served: their service is enabled, or they have none. */
export function servableParts(
  routes: readonly Route[],
  services: ReadonlyMap<string, Service>,
): readonly RoutePart[] {
  const parts: RoutePart[] = []
  for (const route of routes) {
    if (!route.protocols.some((protocol) => HTTP.has(protocol))) continue
    const service = route.service === null ? undefined : services.get(route.service.id)
    if (route.service !== null && service?.enabled !== true) continue
    parts.push({ route, service, id: route.id, paths: route.paths ?? [] })
  }
  return parts
}

const HTTP: ReadonlySet<string> = new Set(['http', 'https', 'grpc', 'grpcs'])

/**
 * Splits a route's paths into one part for its regexes and one for each length of plain path, since
 * both weigh in the order of preference. Parts have ids of their own, derived from the route's.
 */
export function splitByPathLength(part: RoutePart): readonly RoutePart[] {
  if (part.paths.length < 2) return [part]
  const groups = new Map<number, string[]>()
  for (const path of part.paths) {
    const key = isRegexPath(path) ? -1 : Buffer.byteLength(path)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [path])
    else group.push(path)
  }
  if (groups.size === 1) return [part]
  return [...groups.values()].map((paths, index) => ({
    ...part,
    id: partId(part.id, index + 1),
    paths,
  }))
}

/** One part for each path, as flavour traditional ranks them. */
export function splitByPath(part: RoutePart): readonly RoutePart[] {
  if (part.paths.length < 2) return [part]
  return part.paths.map((path) => ({ ...part, paths: [path] }))
}

export function isRegexPath(path: string): boolean {
  return path.startsWith('~')
}

const PART_NAMESPACE = Buffer.from('7f145bf90dce4f9198ebdebbce4b9f6b', 'hex')

/** @see RFC 9562 §5.5 */
function partId(routeId: string, number: number): string {
  const hash = createHash('sha1').update(PART_NAMESPACE).update(`${routeId}#${number}`).digest()
  hash[6] = (hash[6]! & 0x0f) | 0x50
  hash[8] = (hash[8]! & 0x3f) | 0x80
  const hex = hash.toString('hex')
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20, 32),
  ].join('-')
}
