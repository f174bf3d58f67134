import type { PluginEntity } from '../entities/entity.ts'
import type { Instance, InstancesByConsumer, Step } from './chain.ts'

/** Makes a configured plugin ready, or finds it so. */
export type Ready = (row: PluginEntity) => Instance

/**
 * The configurations of one plugin, found by what they are bound to. Of several that could serve a
 * request the most specific does, in this order: route, service and consumer; route and consumer;
 * service and consumer; route and service; consumer; route; service; none.
 */
export class PluginScopes {
  readonly #alone = new Map<string, PluginEntity>()
  readonly #ofConsumers = new Map<string, Map<string, PluginEntity>>()

  /** All that a row is bound to must hold for a request. */
  add(row: PluginEntity): void {
    const place = placeOf(row.route?.id, row.service?.id)
    if (!row.consumer) {
      if (!this.#alone.has(place)) this.#alone.set(place, row)
      return
    }
    let consumers = this.#ofConsumers.get(place)
    if (consumers === undefined) this.#ofConsumers.set(place, (consumers = new Map()))
    if (!consumers.has(row.consumer.id)) consumers.set(row.consumer.id, row)
  }

  /** What is bound to nothing. */
  get global(): PluginEntity | undefined {
    return this.#alone.get(placeOf(undefined, undefined))
  }

  /** What serves requests of a route and service; nothing if no configuration can. */
  step(routeId: string, serviceId: string | undefined, ready: Ready): Step | undefined {
    const both = placeOf(routeId, serviceId)
    const route = placeOf(routeId, undefined)
    const service = placeOf(undefined, serviceId)
    const anywhere = placeOf(undefined, undefined)
    const onBoth = serviceId === undefined ? undefined : this.#alone.get(both)
    const row =
      onBoth ?? this.#alone.get(route) ?? this.#alone.get(service) ?? this.#alone.get(anywhere)
    // Bound to route and service is more specific than bound to the consumer alone.
    const places = onBoth === undefined ? [both, route, service, anywhere] : [both, route, service]
    const layers = [...new Set(places)].flatMap((place) => this.#ofConsumers.get(place) ?? [])
    if (row === undefined && layers.length === 0) return undefined
    return { instance: row && ready(row), byConsumer: byConsumer(layers, ready) }
  }
}

function byConsumer(
  layers: readonly ReadonlyMap<string, PluginEntity>[],
  ready: Ready,
): InstancesByConsumer | undefined {
  if (layers.length === 0) return undefined
  return {
    get(consumerId) {
      for (const layer of layers) {
        const row = layer.get(consumerId)
        if (row !== undefined) return ready(row)
      }
      return undefined
    },
  }
}

/** Ids hold no `/`. */
function placeOf(routeId: string | undefined, serviceId: string | undefined): string {
  return `${routeId ?? ''}/${serviceId ?? ''}`
}
