import { createHash } from 'node:crypto'
import type { Balancers } from '../balancer/peer.ts'
import type { Protocol, Service, Upstream } from '../entities/entity.ts'
import type { EntityLookup, NodeServices } from '../plugin-kit/plugin.ts'
import type { ServiceTarget, StreamTarget } from './snapshot.ts'
import type { UpstreamTls, UpstreamTlsDefaults } from './upstream-tls.ts'

const SCHEMES = ['http', 'https', 'grpc', 'grpcs'] as const

/** What is needed to make targets; the same for all services of a snapshot. */
export interface TargetSources {
  readonly entities: EntityLookup
  readonly balancers: Balancers
  readonly node: NodeServices
  /** Absent: without a certificate, and trusting nobody. */
  readonly tlsDefaults?: UpstreamTlsDefaults | undefined
  readonly speaksHttp2?: SpeaksHttp2 | undefined
}

/** Whether what a service's `host` and `port` name speaks HTTP/2. */
export type SpeaksHttp2 = (host: string, port: number) => boolean

/** Where and how to reach a service; nothing for one of another kind than HTTP. */
export function serviceTarget(service: Service, sources: TargetSources): ServiceTarget | undefined {
  const scheme = SCHEMES.find((known) => known === service.protocol)
  if (scheme === undefined) return undefined
  return {
    scheme,
    host: service.host,
    port: service.port,
    path: service.path ?? '/',
    http2: sources.speaksHttp2?.(service.host, service.port) === true,
    peers: sources.balancers.source(service.host, service.port),
    retries: service.retries,
    connectTimeoutMs: service.connect_timeout,
    writeTimeoutMs: service.write_timeout,
    readTimeoutMs: service.read_timeout,
    tls: scheme === 'https' || scheme === 'grpcs' ? upstreamTls(service, sources) : undefined,
  }
}

/** Where and how to reach a service with the bytes of connections, whatever it speaks over them. */
export function streamTarget(service: Service, sources: TargetSources): StreamTarget {
  return {
    host: service.host,
    port: service.port,
    peers: sources.balancers.source(service.host, service.port),
    retries: service.retries,
    connectTimeoutMs: service.connect_timeout,
    writeTimeoutMs: service.write_timeout,
    readTimeoutMs: service.read_timeout,
    tls: SECURE.has(service.protocol) ? upstreamTls(service, sources) : undefined,
  }
}

const SECURE: ReadonlySet<Protocol> = new Set<Protocol>(['tls', 'https', 'grpcs'])

/**
 * How a service's connections are secured. Its own certificate goes before that of the upstream its
 * host names, and both before that of the process. An authority that does not exist is reported and left out, as Kong does.
 */
function upstreamTls(
  service: Service,
  { entities, node, tlsDefaults }: TargetSources,
): UpstreamTls {
  const verify = service.tls_verify ?? node.setting('nginx_proxy_proxy_ssl_verify') === 'on'
  const verifyDepth = service.tls_verify_depth ?? 1
  const ca = service.ca_certificates?.flatMap((id) => {
    const cert = entities.byId('ca_certificates', id)?.['cert']
    if (typeof cert === 'string') return [cert]
    node.log.error(`Cannot trust CA certificate "${id}" of service "${service.id}": no such entity`)
    return []
  })
  const trusted = ca ?? tlsDefaults?.ca ?? []
  const upstream = entities.by('upstreams', 'name', service.host) as Upstream | undefined
  const own = service.client_certificate ?? upstream?.client_certificate
  const certificate = own ? clientCertificate(own.id, entities) : tlsDefaults?.certificate
  return {
    key: tlsKey({ verify, verifyDepth, ca: trusted, cert: certificate?.cert }),
    verify,
    verifyDepth,
    ca: trusted,
    certificate,
  }
}

function clientCertificate(id: string, entities: EntityLookup): UpstreamTls['certificate'] {
  const row = entities.byId('certificates', id)
  if (typeof row?.['cert'] !== 'string' || typeof row['key'] !== 'string') return undefined
  return { cert: row['cert'], key: row['key'] }
}

function tlsKey(parts: {
  readonly verify: boolean
  readonly verifyDepth: number
  readonly ca: readonly string[]
  readonly cert: string | undefined
}): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
}
