import type { Balancers } from '../balancer/peer.ts'
import type { Catalog } from '../entities/catalog.ts'
import type { EntitySet, Target, Upstream } from '../entities/entity.ts'
import type { NodeServices, Plugin } from '../plugin-kit/plugin.ts'
import type { SnapshotHolder } from '../proxy/context.ts'
import type { RouterFlavor } from '../router/route-match.ts'
import { compileSnapshot } from '../snapshot/compile.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'

export interface ServingOptions {
  readonly catalog: Catalog
  readonly plugins: readonly Plugin[]
  readonly flavor: RouterFlavor
  readonly balancers: Balancers
  readonly node: NodeServices
  /** Hears of the entities that are served from now on. */
  readonly onSwitch: (entities: EntitySet) => void
}

/**
 * The snapshot a worker serves, and the one it could serve next. Compiling throws when plugins
 * cannot be made ready, and changes nothing; switching cannot fail.
 */
export class ServingSnapshot implements SnapshotHolder {
  readonly #options: ServingOptions
  readonly #pluginsByName: ReadonlyMap<string, Plugin>
  #current: Snapshot
  #candidate: { readonly snapshot: Snapshot; readonly entities: EntitySet } | undefined

  constructor(options: ServingOptions) {
    this.#options = options
    this.#pluginsByName = new Map(options.plugins.map((plugin) => [plugin.name, plugin]))
    this.#current = this.#compile(0, {})
  }

  get current(): Snapshot {
    return this.#current
  }

  /** @throws {PluginFault} */
  prepare(generation: number, entities: EntitySet): void {
    const snapshot = this.#compile(generation, entities)
    this.#candidate?.snapshot.retire()
    this.#candidate = { snapshot, entities }
  }

  commit(generation: number): void {
    if (this.#candidate?.snapshot.version !== generation) return
    const { snapshot, entities } = this.#candidate
    this.#candidate = undefined
    this.#options.balancers.apply(
      (entities['upstreams'] ?? []) as readonly Upstream[],
      (entities['targets'] ?? []) as readonly Target[],
    )
    this.#options.onSwitch(entities)
    const before = this.#current
    this.#current = snapshot
    before.retire()
  }

  discard(generation: number): void {
    if (this.#candidate?.snapshot.version !== generation) return
    this.#candidate.snapshot.retire()
    this.#candidate = undefined
  }

  /** Lets what is served go, plugin instances with it. */
  close(): void {
    this.#current.retire()
    this.#candidate?.snapshot.retire()
  }

  #compile(version: number, entities: EntitySet): Snapshot {
    const { catalog, flavor, balancers, node } = this.#options
    return compileSnapshot(entities, {
      version,
      catalog,
      plugins: this.#pluginsByName,
      flavor,
      balancers,
      node,
    })
  }
}
