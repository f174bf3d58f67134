import { inSlices } from '../base/steps.ts'
import type { Balancers } from '../balancer/peer.ts'
import type { EntitySet, Target, Upstream } from '../entities/entity.ts'
import type { NodeServices, Plugin } from '../plugin-kit/plugin.ts'
import type { SnapshotHolder } from '../proxy/context.ts'
import type { Router, RouterFlavor } from '../router/route-match.ts'
import { compileSnapshot, routerStepsFor, type Compiled } from '../snapshot/compile.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { UpstreamTlsDefaults } from '../snapshot/upstream-tls.ts'
import { changedEntities } from './changed-entities.ts'
import type { Content } from './worker-messages.ts'

export interface ServingOptions {
  /** Loaded ones by name, read whenever a snapshot is compiled. */
  readonly plugins: ReadonlyMap<string, Plugin>
  readonly flavor: RouterFlavor
  readonly balancers: Balancers
  readonly node: NodeServices
  readonly tlsDefaults: UpstreamTlsDefaults
  /** Hears of entities that are served from now on and have other certificates or names. */
  readonly onCertificates: (entities: EntitySet) => void
}

/**
 * The snapshot a worker serves, and the one it could serve next. Compiling throws when plugins
 * cannot be made ready, and changes nothing; switching cannot fail.
 */
export class ServingSnapshot implements SnapshotHolder {
  readonly #options: ServingOptions
  #current: Snapshot
  #entities: EntitySet = {}
  #candidate: Compiled | undefined

  constructor(options: ServingOptions) {
    this.#options = options
    this.#current = this.#compile(0, this.#entities)
  }

  get current(): Snapshot {
    return this.#current
  }

  /**
   * @returns whether it is prepared; changes of what is not served cannot be
   * @throws {PluginFault}
   */
  async prepare(generation: number, content: Content): Promise<boolean> {
    if (content.kind === 'whole') {
      const { entities } = content
      // Requests go on meanwhile.
      const router = await inSlices(routerStepsFor(entities, this.#options.flavor))
      this.#await({ snapshot: this.#compile(generation, entities, { router }), entities })
      return true
    }
    if (content.base !== this.#current.version) return false
    const before = { snapshot: this.#current, entities: this.#entities }
    const entities = changedEntities(this.#entities, content.changes)
    this.#await({ snapshot: this.#compile(generation, entities, { before }), entities })
    return true
  }

  #await(candidate: Compiled): void {
    this.#candidate?.snapshot.retire()
    this.#candidate = candidate
  }

  commit(generation: number): void {
    if (this.#candidate?.snapshot.version !== generation) return
    const { snapshot, entities } = this.#candidate
    this.#candidate = undefined
    if (this.#differs(entities, 'upstreams') || this.#differs(entities, 'targets'))
      this.#options.balancers.apply(
        (entities['upstreams'] ?? []) as readonly Upstream[],
        (entities['targets'] ?? []) as readonly Target[],
      )
    if (this.#differs(entities, 'certificates') || this.#differs(entities, 'snis'))
      this.#options.onCertificates(entities)
    const before = this.#current
    this.#current = snapshot
    this.#entities = entities
    before.retire()
  }

  /** Lists that are the same are known by being the same object. */
  #differs(entities: EntitySet, kind: string): boolean {
    return entities[kind] !== this.#entities[kind]
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

  #compile(
    version: number,
    entities: EntitySet,
    { before, router }: { readonly before?: Compiled; readonly router?: Router } = {},
  ): Snapshot {
    const { plugins, flavor, balancers, node, tlsDefaults } = this.#options
    const options = { version, plugins, flavor, balancers, node, tlsDefaults }
    return compileSnapshot(entities, { ...options, ...(router && { router }) }, before)
  }
}
