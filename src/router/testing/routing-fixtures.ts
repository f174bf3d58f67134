import type { Route, Service } from '../../entities/entity.ts'
import { normalizePath } from '../../http/normalize-path.ts'
import type { RoutingRequest } from '../route-match.ts'

/** A route with defaults for all that is not given. */
export function routeOf(fields: Partial<Route> & { readonly id: string }): Route {
  return {
    name: null,
    created_at: 1,
    protocols: ['http', 'https'],
    https_redirect_status_code: 426,
    strip_path: true,
    preserve_host: false,
    request_buffering: true,
    response_buffering: true,
    tags: null,
    service: null,
    snis: null,
    sources: null,
    destinations: null,
    methods: null,
    hosts: null,
    paths: null,
    headers: null,
    regex_priority: 0,
    path_handling: 'v0',
    ...fields,
  }
}

export function serviceOf(fields: Partial<Service> & { readonly id: string }): Service {
  return {
    name: null,
    retries: 5,
    protocol: 'http',
    host: 'upstream.test',
    port: 80,
    path: null,
    connect_timeout: 60_000,
    write_timeout: 60_000,
    read_timeout: 60_000,
    tags: null,
    client_certificate: null,
    tls_verify: null,
    tls_verify_depth: null,
    ca_certificates: null,
    enabled: true,
    ...fields,
  }
}

export interface RequestFields {
  readonly method?: string
  /** As received, with its query. */
  readonly target?: string
  readonly host?: string
  readonly scheme?: 'http' | 'https'
  readonly port?: number
  readonly sni?: string
  readonly sourceIp?: string
  /** By lower-case name. */
  readonly headers?: Readonly<Record<string, readonly string[]>>
}

export function requestOf(fields: RequestFields): RoutingRequest {
  const [path = '/', ...query] = (fields.target ?? '/').split('?')
  return {
    method: fields.method ?? 'GET',
    path: normalizePath(path),
    rawQuery: query.join('?'),
    host: fields.host ?? 'gateway.test',
    scheme: fields.scheme ?? 'http',
    port: fields.port ?? 8000,
    sni: fields.sni,
    sourceIp: fields.sourceIp ?? '127.0.0.1',
    sourcePort: 50_000,
    destinationIp: '127.0.0.1',
    destinationPort: fields.port ?? 8000,
    headerValues: (name) => fields.headers?.[name] ?? [],
  }
}
