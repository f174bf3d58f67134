import type { UpstreamRequest, Exchange } from '../../plugin-kit/exchange.ts'
import { lifetimeOf, parseCacheControl, secondsOf, type Directives } from './cache-control.ts'
import type { CachedResponse } from './cached-response.ts'
import { contentTypeRule } from './content-types.ts'
import type { Config } from './schema.ts'

/** What may be cached, and what of it be served. */
export interface CachingRules {
  /** Whether a request may be answered from the cache at all. */
  takesRequest(request: UpstreamRequest): boolean
  /** Whether the client wants nothing but a cached response. */
  wantsOnlyCached(request: UpstreamRequest): boolean
  isFresh(cached: CachedResponse, request: UpstreamRequest, nowSeconds: number): boolean
  /** For how many seconds a response is served; nothing when it is not to be stored. */
  lifetime(exchange: Exchange, nowSeconds: number): number | undefined
}

export function cachingRules(config: Config): CachingRules {
  const methods: ReadonlySet<string> = new Set(config.request_method)
  const statuses = new Set(config.response_code)
  const isOfType = contentTypeRule(config.content_type)
  const { cache_control: heedsControl } = config
  const ttl = config.cache_ttl ?? 300

  return {
    takesRequest(request) {
      if (!methods.has(request.method)) return false
      if (!heedsControl) return true
      const control = controlOf(request)
      return !control.has('no-store') && !control.has('no-cache')
    },
    wantsOnlyCached: (request) => heedsControl && controlOf(request).has('only-if-cached'),
    isFresh(cached, request, nowSeconds) {
      const age = nowSeconds - cached.storedAt
      return heedsControl ? suits(controlOf(request), age, cached.ttl) : age <= ttl
    },
    lifetime({ request, response }, nowSeconds) {
      if (!statuses.has(response.status) || !isOfType(response.header('content-type')))
        return undefined
      if (!heedsControl) return ttl
      const control = parseCacheControl(response.headerValues('cache-control'))
      if (FORBID.some((name) => control.has(name))) return undefined
      // Also when a plugin has kept the field from the upstream.
      if (request.wasAuthorized && !ALLOW_SHARING.some((name) => control.has(name)))
        return undefined
      const lifetime = lifetimeOf(control, response.header('expires'), nowSeconds)
      return lifetime > 0 ? lifetime : undefined
    },
  }
}

const FORBID = ['private', 'no-store', 'no-cache']

/**
 * What lets a response to a request with `Authorization` be served to others.
 * @see RFC 9111 §3.5
 */
const ALLOW_SHARING = ['public', 's-maxage', 'must-revalidate']

function controlOf(request: UpstreamRequest): Directives {
  return parseCacheControl(request.headerValues('cache-control'))
}

/** Whether the client takes a response of this age. */
function suits(control: Directives, age: number, ttl: number): boolean {
  const [maxAge, maxStale, minFresh] = ['max-age', 'max-stale', 'min-fresh'].map((name) =>
    secondsOf(control, name),
  )
  if (maxAge !== undefined && age > maxAge) return false
  if (maxStale !== undefined && age - ttl > maxStale) return false
  return minFresh === undefined || ttl - age >= minFresh
}
