import type { Consumer } from '../entities/entity.ts'
import type { Exchange } from './exchange.ts'
import type { StreamSession } from './stream-session.ts'

/** What metrics say about one exchange; taken in the log phase, so that it can wait in a queue. */
export interface Measured {
  readonly status: number
  readonly requestBytes: number
  readonly responseBytes: number
  /** Times in ms; -1 for what did not happen. */
  readonly latencyMs: number
  readonly upstreamLatencyMs: number
  readonly kongLatencyMs: number
  readonly consumer: Consumer | undefined
  readonly routeId: string | undefined
  readonly routeName: string | undefined
  readonly service:
    | { readonly id: string; readonly name: string | null; readonly host: string }
    | undefined
}

export function measure(exchange: Exchange): Measured {
  const { request, response, latencies, consumer, route, service } = exchange
  return {
    status: response.status,
    requestBytes: request.sizeBytes,
    responseBytes: response.sizeBytes,
    latencyMs: latencies.requestMs,
    upstreamLatencyMs: latencies.upstreamMs,
    kongLatencyMs: Math.max(latencies.gatewayMs, 0),
    consumer,
    routeId: route?.id,
    routeName: route?.name ?? undefined,
    service: service && { id: service.id, name: service.name, host: service.host },
  }
}

/**
 * The same of a session of TCP, TLS or UDP: its bytes stand for those of request and response, its
 * life for the time a request takes. What an upstream answers has no time of its own there.
 */
export function measureSession(session: StreamSession): Measured {
  const { route, service } = session
  return {
    status: session.status,
    requestBytes: session.receivedBytes,
    responseBytes: session.sentBytes,
    latencyMs: session.durationMs,
    upstreamLatencyMs: -1,
    kongLatencyMs: session.gatewayMs,
    consumer: undefined,
    routeId: route?.id,
    routeName: route?.name ?? undefined,
    service: service && { id: service.id, name: service.name, host: service.host },
  }
}

export type ConsumerIdentifier = 'consumer_id' | 'custom_id' | 'username'

/** @returns nothing for a consumer that has no such name */
export function consumerName(
  consumer: Consumer | undefined,
  by: ConsumerIdentifier,
): string | undefined {
  if (consumer === undefined) return undefined
  const name = by === 'consumer_id' ? consumer.id : consumer[by]
  return name ?? undefined
}
