import { WorkQueue } from '../base/work-queue.ts'
import type { EntitySet } from '../entities/entity.ts'
import { bySet } from '../store/by-set.ts'
import type { ChangedRow } from '../store/medium.ts'
import type { Origin, Store, WriteResult } from '../store/store.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { DataPlane, Prepared } from './data-plane.ts'
import { UnservedChanges } from './unserved-changes.ts'

export interface PublisherOptions {
  readonly store: Store
  readonly dataPlane: Pick<DataPlane, 'prepare' | 'prepareChanges'>
  /** Fills in secrets, just before workers are handed the entities. */
  readonly withSecrets: (entities: EntitySet) => EntitySet
  /** Whether workers are handed the rows of a kind. */
  readonly isServed: (kind: string) => boolean
  readonly log: Pick<Logger, 'error'>
}

/** Workers are told of more rows than this by being given all of them. */
const MAX_CHANGES = 1000

/**
 * Brings what the store holds to the workers, one version after the other. Versions that follow
 * each other quickly are served as one. What has changed is told row by row; all rows are told at
 * first, and when many have changed.
 */
export class Publisher {
  readonly #options: PublisherOptions
  readonly #queue = new WorkQueue()
  #served = 0
  #isScheduled = false
  #isReplacing = false
  #unserved = UnservedChanges.everything()
  #waiting: { readonly version: number; readonly resolve: () => void }[] = []

  constructor(options: PublisherOptions) {
    this.#options = options
    options.store.subscribe(({ changes, version }) => {
      const served = changes.filter(({ kind }) => options.isServed(kind))
      if (served.length > MAX_CHANGES) this.#unserved = UnservedChanges.everything()
      else this.#unserved.add(served)
      if (this.#isReplacing) return
      if (served.length > 0) this.#schedule()
      else void this.#queue.add(() => Promise.resolve(this.#serve(version)))
    })
  }

  /** Resolves when every worker serves this version of the store, or has refused it. */
  whenServed(version: number): Promise<void> {
    if (this.#served >= version) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ version, resolve }))
  }

  /**
   * Replaces all entities. Nothing changes, neither in the store nor in the workers, when one of
   * them cannot serve them.
   *
   * @throws {ConfigurationRefused}
   */
  replaceAll(entities: EntitySet, origin: Origin): Promise<WriteResult> {
    return this.#queue.add(async () => {
      const { store, dataPlane } = this.#options
      const prepared = await dataPlane.prepare(this.#handedOver(store.withInstant(entities)))
      const result = await this.#replaceInStore(entities, origin).catch((error: unknown) => {
        prepared.drop()
        throw error
      })
      if (!result.ok) {
        prepared.drop()
        return result
      }
      // What workers were handed is not the store's rows, which may have got more fields there.
      this.#unserved = UnservedChanges.everything()
      await prepared.commit()
      this.#serve(store.version)
      return result
    })
  }

  /** Serves what the store holds now; for its content at start. @throws {ConfigurationRefused} */
  publish(): Promise<void> {
    return this.#queue.add(() => this.#publishNow())
  }

  async #publishNow(): Promise<void> {
    const { version } = this.#options.store
    const unserved = this.#unserved
    this.#unserved = UnservedChanges.none()
    try {
      const prepared = await this.#prepare(unserved)
      await prepared.commit()
    } catch (error) {
      this.#unserved = unserved.followedBy(this.#unserved)
      throw error
    }
    this.#serve(version)
  }

  #prepare(unserved: UnservedChanges): Promise<Prepared> {
    const { store, dataPlane, withSecrets } = this.#options
    const rows = unserved.rows()
    // Where secrets are found may have changed for all rows.
    if (rows === undefined || rows.length > MAX_CHANGES || rows.some(isVault))
      return dataPlane.prepare(this.#handedOver(store.all()))
    const vaults = store.page('vaults', { size: Infinity }).rows
    const changed = bySet(rows)
    const resolved = withSecrets({ ...changed, vaults })
    return dataPlane.prepareChanges([
      ...rows.filter(({ after }) => after === undefined),
      ...Object.keys(changed).flatMap((kind) =>
        resolved[kind]!.map((after) => ({ kind, id: after.id, after })),
      ),
    ])
  }

  #handedOver(entities: EntitySet): EntitySet {
    const { isServed, withSecrets } = this.#options
    const served = Object.entries(entities).filter(([kind]) => isServed(kind))
    return withSecrets(Object.fromEntries(served))
  }

  async #replaceInStore(entities: EntitySet, origin: Origin): Promise<WriteResult> {
    this.#isReplacing = true
    try {
      return await this.#options.store.replaceAll(entities, origin)
    } finally {
      this.#isReplacing = false
    }
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    const { store, log } = this.#options
    this.#queue
      .add(() => {
        this.#isScheduled = false
        return this.#publishNow()
      })
      .catch((error: unknown) => {
        log.error('Cannot serve a change, the configuration before it goes on', error)
        this.#serve(store.version)
      })
  }

  #serve(version: number): void {
    this.#served = Math.max(this.#served, version)
    const due = this.#waiting.filter((waiting) => waiting.version <= this.#served)
    this.#waiting = this.#waiting.filter((waiting) => waiting.version > this.#served)
    for (const { resolve } of due) resolve()
  }
}

function isVault({ kind }: ChangedRow): boolean {
  return kind === 'vaults'
}
