import { inSlices, type Pace, type Steps } from '../base/steps.ts'
import type { Balancers } from '../balancer/peer.ts'
import type { EntitySet, Target, Upstream } from '../entities/entity.ts'
import type { NodeServices, Plugin } from '../plugin-kit/plugin.ts'
import type { SnapshotHolder } from '../proxy/context.ts'
import type { RouterFlavor } from '../router/route-match.ts'
import {
  compileSnapshot,
  snapshotSteps,
  type Compiled,
  type CompileOptions,
} from '../snapshot/compile.ts'
import type { SpeaksHttp2 } from '../snapshot/service-target.ts'
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
  readonly speaksHttp2: SpeaksHttp2
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
    this.#current = compileSnapshot(this.#entities, compileOptions(0, options))
  }

  get current(): Snapshot {
    return this.#current
  }

  /**
   * @param pace requests go on while it takes its time
   * @returns whether it is prepared; changes of what is not served cannot be
   * @throws {PluginFault}
   */
  async prepare(generation: number, content: Content, pace: Pace): Promise<boolean> {
    if (content.kind === 'whole') {
      this.#await(await inSlices(this.#steps(generation, content.entities), pace))
      return true
    }
    const before = { snapshot: this.#current, entities: this.#entities }
    if (content.base !== before.snapshot.version) return false
    const entities = changedEntities(before.entities, content.changes)
    const candidate = await inSlices(this.#steps(generation, entities, before), pace)
    if (before.snapshot !== this.#current) {
      candidate.snapshot.retire()
      return false
    }
    this.#await(candidate)
    return true
  }

  #await(candidate: Compiled): void {
    this.#candidate?.snapshot.retire()
    this.#candidate = candidate
  }

  /** @returns whether it is served from now on; another one may have been prepared in its place */
  commit(generation: number): boolean {
    if (this.#candidate?.snapshot.version !== generation)
      return this.#current.version === generation
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
    return true
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

  *#steps(version: number, entities: EntitySet, before?: Compiled): Steps<Compiled> {
    const options = compileOptions(version, this.#options)
    return { snapshot: yield* snapshotSteps(entities, options, before), entities }
  }
}

function compileOptions(version: number, options: ServingOptions): CompileOptions {
  const { plugins, flavor, balancers, node, tlsDefaults, speaksHttp2 } = options
  return { version, plugins, flavor, balancers, node, tlsDefaults, speaksHttp2 }
}
