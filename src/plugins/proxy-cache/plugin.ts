import { exit, type Answer } from '../../plugin-kit/answer.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import {
  ALL_PROTOCOLS,
  definePlugin,
  type NodeServices,
  type Plugin,
  type PluginHandlers,
} from '../../plugin-kit/plugin.ts'
import { nodeCache, type ByteStore } from '../../plugin-kit/shared-memory.ts'
import { adminRoutes } from './admin-routes.ts'
import { cacheKeyBy } from './cache-key.ts'
import {
  decodeResponse,
  encodeResponse,
  keptHeaders,
  type CachedResponse,
} from './cached-response.ts'
import { cachingRules, type CachingRules } from './freshness.ts'
import { schema, type Config } from './schema.ts'

/** Answers from the memory of the node what the upstream has answered before. */
export const proxyCache: Plugin = definePlugin({
  name: 'proxy-cache',
  priority: 100,
  schema,
  protocols: { allowed: ALL_PROTOCOLS },
  adminRoutes,
  create: (config, { node }) => new CachingHandlers(config, node),
})

/** What has become of a request so far. */
interface Progress {
  status: 'Miss' | 'Refresh' | 'Bypass' | undefined
  key: string | undefined
  ttl: number
  /** The body so far; `undefined` when it is not to be stored. */
  chunks: Uint8Array[] | undefined
  bytes: number
}

class CachingHandlers implements PluginHandlers {
  readonly #config: Config
  readonly #node: NodeServices
  readonly #cache: ByteStore
  readonly #rules: CachingRules
  readonly #keyOf: (exchange: Exchange) => string

  constructor(config: Config, node: NodeServices) {
    this.#config = config
    this.#node = node
    this.#cache = nodeCache(node)
    this.#rules = cachingRules(config)
    this.#keyOf = cacheKeyBy(config)
  }

  access(exchange: Exchange): Answer | undefined {
    // As earlier plugins leave it, because that is what the upstream answers.
    const { upstream: request } = exchange
    const progress = this.#progress(exchange)
    if (!this.#rules.takesRequest(request)) {
      progress.status = 'Bypass'
      return undefined
    }
    const key = this.#keyOf(exchange)
    progress.key = key
    const bytes = this.#cache.get(key, this.#seconds())
    const cached = bytes && decodeResponse(bytes)
    if (cached === undefined) {
      if (this.#rules.wantsOnlyCached(request)) return this.#nothingCached(exchange, key)
      progress.status = 'Miss'
      return undefined
    }
    if (!this.#rules.isFresh(cached, request, this.#seconds())) {
      progress.status = 'Refresh'
      return undefined
    }
    exchange.shared.set('proxy_cache_hit', { status: cached.status, ttl: cached.ttl })
    const age = this.#seconds() - cached.storedAt
    return hit(exchange, cached, { config: this.#config, key, age })
  }

  headerFilter(exchange: Exchange): void {
    const { request, response } = exchange
    const progress = this.#progress(exchange)
    const { status, key } = progress
    if (status === undefined) return
    const lifetime =
      status === 'Bypass' ? undefined : this.#rules.lifetime(exchange, this.#seconds())
    if (lifetime === undefined) progress.status = 'Bypass'
    // A response to HEAD has no body that GET could be answered with.
    else if (request.method !== 'HEAD' && response.source === 'service')
      Object.assign(progress, { ttl: lifetime, chunks: [] })
    const shown = shownHeaders(exchange, this.#config)
    if (shown('X-Cache-Status')) response.setHeader('X-Cache-Status', progress.status!)
    if (shown('X-Cache-Key') && key !== undefined) response.setHeader('X-Cache-Key', key)
  }

  bodyFilter(exchange: Exchange, chunk: Uint8Array, isLast: boolean): void {
    const progress = this.#progress(exchange)
    if (progress.chunks === undefined) return
    progress.bytes += chunk.length
    if (progress.bytes > this.#cache.maxValueBytes) progress.chunks = undefined
    // The chunk's memory may be used again once this returns.
    else if (chunk.length > 0) progress.chunks.push(Buffer.from(chunk))
    if (isLast && progress.chunks !== undefined) this.#store(exchange, progress)
  }

  #nothingCached(exchange: Exchange, key: string): Answer {
    const isKeyShown = shownHeaders(exchange, this.#config)('X-Cache-Key')
    return exit(504, undefined, {
      ...(isKeyShown && { headers: { 'X-Cache-Key': key } }),
      reason: 'proxy-cache: only a cached response is wanted, and there is none',
    })
  }

  #progress(exchange: Exchange): Progress {
    return exchange.local<Progress>(this, () => ({
      status: undefined,
      key: undefined,
      ttl: 0,
      chunks: undefined,
      bytes: 0,
    }))
  }

  #store({ response }: Exchange, { key, ttl, chunks }: Progress): void {
    const storedAt = this.#seconds()
    const entry = encodeResponse({
      status: response.status,
      headers: keptHeaders(response.headers()),
      storedAt,
      ttl,
      body: Buffer.concat(chunks!),
    })
    this.#cache.set(key!, entry, storedAt + (this.#config.storage_ttl ?? ttl))
  }

  #seconds(): number {
    return Math.floor(this.#node.now() / 1000)
  }
}

function hit(
  exchange: Exchange,
  { status, headers, body }: CachedResponse,
  { config, key, age }: { readonly config: Config; readonly key: string; readonly age: number },
): Answer {
  const shown = shownHeaders(exchange, config)
  const kept: Record<string, string | string[]> = {}
  for (const [name, value] of headers) {
    const known = kept[name]
    if (known === undefined) kept[name] = value
    else if (Array.isArray(known)) known.push(value)
    else kept[name] = [known, value]
  }
  return {
    kind: 'exit',
    status,
    body,
    countsAsProxied: true,
    headers: {
      ...kept,
      ...(shown('age') && { age: String(age) }),
      ...(shown('X-Cache-Status') && { 'X-Cache-Status': 'Hit' }),
      ...(shown('X-Cache-Key') && { 'X-Cache-Key': key }),
    },
    reason: 'proxy-cache: answered from the cache',
  }
}

/** Whoever debugs is told everything. */
function shownHeaders(
  { request }: Exchange,
  { response_headers: headers }: Config,
): (name: keyof Config['response_headers']) => boolean {
  const isDebugging = request.header('kong-debug') !== undefined
  return (name) => isDebugging || (headers[name] ?? true)
}
