import type { Instance, InstancesByConsumer, Step } from './chain.ts'

/** What an instance is bound to; all that is set must hold for a request. */
export interface Scope {
  readonly routeId: string | undefined
  readonly serviceId: string | undefined
  readonly consumerId: string | undefined
}

/**
 * The instances of one plugin, found by what they are bound to. Of several that could serve a request
 * the most specific does, in this order: route, service and consumer; route and consumer; service and
 * consumer; route and service; consumer; route; service; none.
 */
export class PluginScopes {
  readonly #alone = new Map<string, Instance>()
  readonly #ofConsumers = new Map<string, Map<string, Instance>>()

  add(instance: Instance, { routeId, serviceId, consumerId }: Scope): void {
    const place = placeOf(routeId, serviceId)
    if (consumerId === undefined) {
      if (!this.#alone.has(place)) this.#alone.set(place, instance)
      return
    }
    let consumers = this.#ofConsumers.get(place)
    if (consumers === undefined) this.#ofConsumers.set(place, (consumers = new Map()))
    if (!consumers.has(consumerId)) consumers.set(consumerId, instance)
  }

  /** The instance bound to nothing. */
  get global(): Instance | undefined {
    return this.#alone.get(placeOf(undefined, undefined))
  }

  /** What serves requests of a route and service; nothing if no instance can. */
  step(routeId: string, serviceId: string | undefined): Step | undefined {
    const both = placeOf(routeId, serviceId)
    const route = placeOf(routeId, undefined)
    const service = placeOf(undefined, serviceId)
    const anywhere = placeOf(undefined, undefined)
    const onBoth = serviceId === undefined ? undefined : this.#alone.get(both)
    const instance =
      onBoth ?? this.#alone.get(route) ?? this.#alone.get(service) ?? this.#alone.get(anywhere)
    // Bound to route and service is more specific than bound to the consumer alone.
    const places = onBoth === undefined ? [both, route, service, anywhere] : [both, route, service]
    const layers = [...new Set(places)].flatMap((place) => this.#ofConsumers.get(place) ?? [])
    if (instance === undefined && layers.length === 0) return undefined
    return { instance, byConsumer: layered(layers) }
  }
}

function layered(layers: readonly InstancesByConsumer[]): InstancesByConsumer | undefined {
  if (layers.length < 2) return layers[0]
  return {
    get(consumerId) {
      for (const layer of layers) {
        const instance = layer.get(consumerId)
        if (instance !== undefined) return instance
      }
      return undefined
    },
  }
}

/** Ids hold no `/`. */
function placeOf(routeId: string | undefined, serviceId: string | undefined): string {
  return `${routeId ?? ''}/${serviceId ?? ''}`
}
