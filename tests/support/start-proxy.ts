import { tmpdir } from 'node:os'
import path from 'node:path'
import { createBalancers } from '../../src/balancer/create-balancers.ts'
import { DEFAULT_DNS_SETTINGS } from '../../src/balancer/dns/dns-settings.ts'
import { DeadlineWheel } from '../../src/base/deadline-wheel.ts'
import type { Entity, EntitySet, Target, Upstream } from '../../src/entities/entity.ts'
import type { Plugin } from '../../src/plugin-kit/plugin.ts'
import { testContext } from '../../src/plugin-kit/testing/test-plugin.ts'
import type { ProxyContext, ProxyLimits } from '../../src/proxy/context.ts'
import type { ProxyExchange } from '../../src/proxy/exchange.ts'
import type { ListenOptions } from '../../src/proxy/listen.ts'
import { startListener } from '../../src/proxy/listener.ts'
import { chooseSockets } from '../../src/proxy/transport/choose-sockets.ts'
import { SpoolMemory } from '../../src/proxy/spool/spool-room.ts'
import { UpstreamPool } from '../../src/proxy/upstream-pool.ts'
import { compileSnapshot } from '../../src/snapshot/compile.ts'
import type { Snapshot } from '../../src/snapshot/snapshot.ts'

export interface ProxySetup {
  readonly entities: EntitySet
  readonly plugins?: readonly Plugin[]
  readonly transport?: 'auto' | 'public' | 'fast'
  readonly limits?: Partial<ProxyLimits>
  readonly pool?: { readonly size?: number; readonly requestsPerConnection?: number }
  /** All services are reached over HTTP/2. */
  readonly speaksHttp2?: boolean
  readonly listen?: Partial<ListenOptions>
  readonly context?: Partial<ProxyContext>
  readonly onFinished?: (exchange: ProxyExchange) => void
}

/** The data plane alone, over real sockets, serving a hand-made configuration. */
export async function startProxy(setup: ProxySetup) {
  const log: string[] = []
  const logger = {
    warn: (message: string) => void log.push(`warn ${message}`),
    error: (message: string, cause?: unknown) =>
      void log.push(
        `error ${message}${cause === undefined ? '' : `: ${cause instanceof Error ? cause.message : typeof cause}`}`,
      ),
  }
  const wheel = new DeadlineWheel(Date.now())
  wheel.start()
  const balancers = createBalancers({ dns: DEFAULT_DNS_SETTINGS, log: logger })
  const compile = (entities: EntitySet): Snapshot => {
    balancers.apply(
      (entities['upstreams'] ?? []) as readonly Upstream[],
      (entities['targets'] ?? []) as readonly Target[],
    )
    return compileSnapshot(entities, {
      version: 1,
      plugins: new Map(setup.plugins?.map((plugin) => [plugin.name, plugin])),
      flavor: 'traditional_compatible',
      balancers,
      node: testContext({ name: 'test' } as Plugin).node,
      speaksHttp2: () => setup.speaksHttp2 === true,
    })
  }
  const holder = { current: compile(setup.entities) }
  const sockets = await chooseSockets(setup.transport ?? 'auto', (message) => log.push(message))
  const pool = new UpstreamPool({
    sockets,
    wheel,
    size: setup.pool?.size ?? 512,
    idleTimeoutMs: 60_000,
    requestsPerConnection: setup.pool?.requestsPerConnection ?? 10_000,
    log: logger,
  })
  const context: ProxyContext = {
    holder,
    balancers,
    pool,
    sockets,
    wheel,
    spool: {
      requests: path.join(tmpdir(), 'portunus-test-spool'),
      responses: path.join(tmpdir(), 'portunus-test-spool'),
      memory: new SpoolMemory(),
    },
    limits: {
      head: { lineBytes: 8192, headBytes: 32_768 },
      bodyBytes: 0,
      bufferedBodyBytes: 8192,
      headTimeoutMs: 60_000,
      bodyTimeoutMs: 60_000,
      minBodyBytesPerSecond: 0,
      streamsPerConnection: 128,
      connections: 0,
      connectionsPerClient: 0,
      idleTimeoutMs: 75_000,
      sendTimeoutMs: 60_000,
      requestsPerConnection: 10_000,
      ...setup.limits,
    },
    realIp: { header: 'x-real-ip', isRecursive: false, isTrusted: () => false },
    responseHeaders: {
      server: true,
      via: true,
      proxyLatency: true,
      responseLatency: true,
      upstreamLatency: true,
      upstreamStatus: false,
      requestId: true,
      charset: 'UTF-8',
    },
    sendsRequestId: true,
    product: 'kong/3.9.3',
    errorTemplates: { html: undefined, json: undefined, plain: undefined, xml: undefined },
    errorDefaultType: 'text/plain',
    allowsDebugHeader: false,
    log: logger,
    onFinished: setup.onFinished,
    wantsPasses: undefined,
    counters: { accepted: 0, handled: 0, active: 0, requests: 0, reading: 0, writing: 0 },
    ...setup.context,
  }
  const listener = await startListener({ host: '127.0.0.1', port: 0, ...setup.listen }, context)
  return {
    port: listener.port,
    listener,
    context,
    pool,
    /** Lines of the error log. */
    log,
    replace: (entities: EntitySet) => {
      const before = holder.current
      holder.current = compile(entities)
      before.retire()
    },
    async [Symbol.asyncDispose]() {
      await listener.close()
      pool.close()
      balancers.close()
      wheel.stop()
    },
  }
}

/** A service row with every field; the id is the name. */
export function service(name: string, port: number, more: object = {}): Entity {
  return {
    id: name,
    name,
    protocol: 'http',
    host: '127.0.0.1',
    port,
    path: null,
    retries: 5,
    connect_timeout: 20_000,
    write_timeout: 20_000,
    read_timeout: 20_000,
    client_certificate: null,
    tls_verify: null,
    tls_verify_depth: null,
    ca_certificates: null,
    enabled: true,
    ...more,
  }
}

/** A route row with every field; the id is the name, the path `/<name>`. */
export function route(name: string, serviceName: string | undefined, more: object = {}): Entity {
  return {
    id: name,
    name,
    created_at: 1,
    protocols: ['http', 'https'],
    https_redirect_status_code: 426,
    strip_path: true,
    preserve_host: false,
    request_buffering: true,
    response_buffering: true,
    paths: [`/${name}`],
    methods: null,
    hosts: null,
    headers: null,
    snis: null,
    sources: null,
    destinations: null,
    regex_priority: 0,
    path_handling: 'v0',
    service: serviceName === undefined ? null : { id: serviceName },
    ...more,
  }
}

/** A plugin row, bound to everything unless `more` says otherwise. */
export function plugin(name: string, config: object = {}, more: object = {}): Entity {
  return {
    id: `plugin-${name}`,
    name,
    instance_name: null,
    route: null,
    service: null,
    consumer: null,
    config,
    protocols: ['grpc', 'grpcs', 'http', 'https'],
    enabled: true,
    tags: null,
    ...more,
  }
}
