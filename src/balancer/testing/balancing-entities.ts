import type { Healthchecks, Target, Upstream } from '../../entities/entity.ts'
import type { BalancingRequest } from '../peer.ts'

const UNLIMITED = { http_statuses: [], tcp_failures: 0, timeouts: 0, http_failures: 0 }

/** Checks as a fresh upstream has them: off. */
export const NO_CHECKS: Healthchecks = {
  threshold: 0,
  active: {
    type: 'http',
    timeout: 1,
    concurrency: 10,
    http_path: '/',
    https_sni: null,
    https_verify_certificate: true,
    headers: null,
    healthy: { interval: 0, http_statuses: [200, 302], successes: 0 },
    unhealthy: {
      ...UNLIMITED,
      http_statuses: [429, 404, 500, 501, 502, 503, 504, 505],
      interval: 0,
    },
  },
  passive: {
    type: 'http',
    healthy: { http_statuses: [200, 201, 302], successes: 0 },
    unhealthy: { ...UNLIMITED, http_statuses: [429, 500, 503] },
  },
}

export function upstreamOf(fields: Partial<Upstream> = {}): Upstream {
  return {
    id: 'upstream-1',
    name: 'backend',
    algorithm: 'round-robin',
    hash_on: 'none',
    hash_fallback: 'none',
    hash_on_header: null,
    hash_fallback_header: null,
    hash_on_cookie: null,
    hash_on_cookie_path: '/',
    hash_on_query_arg: null,
    hash_fallback_query_arg: null,
    hash_on_uri_capture: null,
    hash_fallback_uri_capture: null,
    slots: 10_000,
    healthchecks: NO_CHECKS,
    host_header: null,
    client_certificate: null,
    use_srv_name: false,
    ...fields,
  }
}

/** Targets `host:port` of weight 100, or `[host:port, weight]`, of one upstream. */
export function targetsOf(
  targets: readonly (string | readonly [target: string, weight: number])[],
  upstreamId = 'upstream-1',
): readonly Target[] {
  return targets.map((entry) => {
    const [target, weight] = typeof entry === 'string' ? [entry, 100] : entry
    return { id: `id of ${target}`, upstream: { id: upstreamId }, target, weight, created_at: 1 }
  })
}

export function requestOf(
  fields: {
    /** Value of every header. */
    readonly header?: string
    /** By lower-case name, in place of `header`. */
    readonly headers?: Readonly<Record<string, readonly string[]>>
    readonly query?: readonly (string | true)[]
    readonly cookie?: string
    readonly cookies?: string[]
  } & Partial<
    Pick<BalancingRequest, 'consumerId' | 'credentialId' | 'clientIp' | 'path' | 'captures'>
  > = {},
): BalancingRequest {
  return {
    consumerId: fields.consumerId,
    credentialId: fields.credentialId,
    clientIp: fields.clientIp ?? '198.51.100.1',
    path: fields.path ?? '/',
    captures: fields.captures,
    headerValues: (name) =>
      fields.headers?.[name] ?? (fields.header === undefined ? [] : [fields.header]),
    queryValues: () => fields.query ?? [],
    cookie: () => fields.cookie,
    setCookie: (line) => fields.cookies?.push(line),
  }
}
