import { isUtf8 } from 'node:buffer'
import type { RankedPart } from './compatible-order.ts'
import type { RouteMatch, RouterFlavor, RoutingRequest } from './route-match.ts'

/**
 * Whether a router of these parts finds routes only for paths that are UTF-8. In all flavours but
 * `traditional` Kong's router reads paths as text, and finds nothing for one that it cannot read, be
 * it by host; where no route asks about the path, it does not read it.
 */
export function readsPathsAsText(parts: readonly RankedPart[], flavor: RouterFlavor): boolean {
  return flavor !== 'traditional' && parts.some(asksPath)
}

function asksPath({ part }: RankedPart): boolean {
  const { expression } = part.route
  return part.paths.length > 0 || (typeof expression === 'string' && PATH_FIELD.test(expression))
}

const PATH_FIELD = /\bhttp\.path\b/

/** Whether the path is UTF-8. */
export function isReadable({ isPlainPath, path }: RoutingRequest): boolean {
  if (isPlainPath === true || !BEYOND_ASCII.test(path)) return true
  return isUtf8(Buffer.from(path, 'latin1'))
}

const BEYOND_ASCII = /[\u0080-\u00FF]/

/** The same lookup, for readable paths only where that is asked for. */
export function readableOnly(
  find: (request: RoutingRequest) => RouteMatch | undefined,
  isAsked: boolean,
): (request: RoutingRequest) => RouteMatch | undefined {
  if (!isAsked) return find
  return (request) => (isReadable(request) ? find(request) : undefined)
}
