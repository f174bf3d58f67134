import { upstreamUri } from '../router/upstream-uri.ts'
import type { ProxyExchange } from './exchange.ts'

/**
 * Path towards the upstream as route and service want it, escaped. To a gRPC service it is the client's,
 * which names the method: Kong strips nothing there, whatever the route says.
 */
export function plannedPath(exchange: ProxyExchange): string {
  const scheme = exchange.plan?.target?.scheme
  if (scheme === 'grpc' || scheme === 'grpcs') return escapePath(exchange.routing.path)
  return strippedPath(exchange)
}

/** Path as route and service want it, whatever the protocol. */
export function strippedPath(exchange: ProxyExchange): string {
  const { plan, match, routing } = exchange
  if (plan?.target === undefined || match === undefined) return routing.path
  return upstreamUri({
    servicePath: plan.target.path,
    requestPath: routing.path,
    matchedPath: match.matchedPath,
    stripPath: plan.route.strip_path,
    pathHandling: match.pathHandling,
  })
}

/** The path part that `strip_path` takes away, for `X-Forwarded-Prefix`. */
export function strippedPrefix(exchange: ProxyExchange): string | undefined {
  const { plan, match } = exchange
  if (plan === undefined || !plan.route.strip_path) return undefined
  const prefix = match?.matchedPath
  return prefix === undefined || prefix === '/' || prefix === '' ? undefined : prefix
}

/** Escapes what may not stand in a request path; percent signs stay. */
export function escapePath(path: string): string {
  return path
    .replaceAll(
      /[^!#$&'()*+,/:;=?@[\]\w.~%-]/g,
      (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .replaceAll(/[?#]/g, (character) => (character === '?' ? '%3F' : '%23'))
}
