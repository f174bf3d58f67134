import { fromByteString } from '../base/buffer-slices.ts'
import { headersAsObject, queryAsObject } from './as-object.ts'
import type { Exchange, Response, Try } from './exchange.ts'
import { DEFAULT_WORKSPACE, setFields, shownEntity } from './workspace.ts'

export type LogEntry = Record<string, unknown>

/**
 * What logs say about one exchange, in Kong's form. Only in the log phase is everything known.
 *
 * As in Kong only two headers are left out: cookies, and credentials in other headers or in the
 * query, are part of the entry.
 */
export function logEntry(exchange: Exchange): LogEntry {
  const entry: LogEntry = {
    ...requestPart(exchange),
    ...responsePart(exchange),
    ...entitiesPart(exchange),
    client_ip: exchange.request.ip,
    started_at: exchange.startedAtMs,
    workspace: DEFAULT_WORKSPACE.id,
    workspace_name: DEFAULT_WORKSPACE.name,
  }
  for (const [key, value] of exchange.logValues) setValue(entry, key, value)
  return entry
}

function requestPart(exchange: Exchange): LogEntry {
  const { request, upstream, route } = exchange
  const uri = fromByteString(request.pathWithQuery)
  const { path, rawQuery } = upstream
  const hasQuery = rawQuery !== '' || uri.endsWith('?')
  const sentUri = fromByteString(hasQuery ? `${path}?${rawQuery}` : path)
  return {
    request: {
      id: exchange.id,
      uri,
      url: `${request.scheme}://${request.host}:${request.port}${uri}`,
      querystring: queryAsObject(request.query()),
      method: request.method,
      headers: headersAsObject(upstream.headers().map(redacted)),
      size: request.sizeBytes,
      ...(request.tls && {
        tls: {
          version: request.tls.version,
          cipher: request.tls.cipher,
          client_verify: request.tls.clientVerify,
        },
      }),
    },
    // Where the request would have gone, if it was answered before.
    upstream_uri: route === undefined ? '' : sentUri,
  }
}

const SECRET: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization'])

function redacted([name, value]: readonly [string, string]): readonly [string, string] {
  return SECRET.has(name.toLowerCase()) ? [name, 'REDACTED'] : [name, value]
}

/** In its log phase Kong has given the connection up already, and says so. */
function asLogged([name, value]: readonly [string, string]): readonly [string, string] {
  const isKept = name.toLowerCase() === 'connection' && value.toLowerCase() === 'keep-alive'
  return [name, isKept ? 'close' : value]
}

/** The `Date` that a server adds of its own is not known to Kong's log, but an upstream's is. */
function loggedHeaders(response: Response): readonly (readonly [string, string])[] {
  const sent = (response.sentHeaders?.() ?? response.headers()).map(asLogged)
  if (response.header('date') !== undefined) return sent
  return sent.filter(([name]) => name.toLowerCase() !== 'date')
}

function responsePart({ response, latencies, tries, route }: Exchange): LogEntry {
  return {
    upstream_status: upstreamStatuses(tries, response),
    response: {
      status: response.status,
      headers: headersAsObject(loggedHeaders(response)),
      size: response.sizeBytes,
    },
    latencies: {
      kong: Math.max(latencies.gatewayMs, 0),
      proxy: latencies.upstreamMs,
      request: latencies.requestMs,
      receive: Math.max(latencies.receiveMs, 0),
    },
    ...((route !== undefined || tries.length > 0) && { tries: tries.map(shownTry) }),
    source: response.source === 'service' ? 'upstream' : 'kong',
  }
}

/** As nginx writes it: `502, 200` after a failure, `502, 502` when the last try failed as well. */
function upstreamStatuses(tries: readonly Try[], { upstreamStatus, status }: Response): string {
  const failed = tries.filter(({ state }) => state !== undefined).map(({ code }) => code ?? 502)
  if (upstreamStatus !== undefined) return [...failed, upstreamStatus].join(', ')
  const hasLastFailed = failed.length < tries.length && status >= 500
  return (hasLastFailed ? [...failed, status] : failed).join(', ')
}

/** A try to reach a peer, as logs show it. */
export function shownTry({ ip, port, state, code, startedAtMs, balancerMs }: Try): LogEntry {
  return {
    ip,
    port,
    balancer_start: startedAtMs,
    balancer_start_ns: startedAtMs * 1_000_000,
    balancer_latency: balancerMs,
    balancer_latency_ns: balancerMs * 1_000_000,
    ...(state && { state }),
    ...(code && { code }),
  }
}

function entitiesPart({ route, service, consumer, credential }: Exchange): LogEntry {
  return {
    ...(credential && {
      authenticated_entity: {
        id: credential.id,
        ...(credential.consumerId !== undefined && { consumer_id: credential.consumerId }),
      },
    }),
    ...(route && { route: shownEntity(route) }),
    ...(service && { service: shownEntity(service) }),
    ...(consumer && { consumer: setFields(consumer) }),
  }
}

/**
 * Sets a value by its key: dots lead into objects, `\.` is a dot.
 * @param value `undefined` takes the key out
 */
export function setValue(entry: LogEntry, key: string, value: unknown): void {
  const names = key.split(/(?<!\\)\./).map((name) => name.replaceAll(String.raw`\.`, '.'))
  const last = names.pop()!
  let place = entry
  for (const name of names) {
    const below = Object.hasOwn(place, name) ? place[name] : undefined
    const next = typeof below === 'object' && below !== null ? { ...(below as LogEntry) } : {}
    define(place, name, next)
    place = next
  }
  if (value === undefined) delete place[last]
  else define(place, last, value)
}

/** A name such as `__proto__` is one like all others. */
function define(place: LogEntry, name: string, value: unknown): void {
  Object.defineProperty(place, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  })
}
