import type { EntitySet } from '../entities/entity.ts'
import type { Origin, Store, WriteResult } from '../store/store.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { DataPlane } from './data-plane.ts'

export interface PublisherOptions {
  readonly store: Store
  readonly dataPlane: Pick<DataPlane, 'prepare'>
  /** Fills in secrets, just before workers are handed the entities. */
  readonly withSecrets: (entities: EntitySet) => EntitySet
  readonly log: Pick<Logger, 'error'>
}

/**
 * Brings what the store holds to the workers, one version after the other. Versions that follow
 * each other quickly are served as one.
 */
export class Publisher {
  readonly #options: PublisherOptions
  #turn: Promise<unknown> = Promise.resolve()
  #served = 0
  #isScheduled = false
  #isReplacing = false
  #waiting: { readonly version: number; readonly resolve: () => void }[] = []

  constructor(options: PublisherOptions) {
    this.#options = options
    options.store.subscribe(() => {
      if (!this.#isReplacing) this.#schedule()
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
    return this.#inTurn(async () => {
      const { store, dataPlane, withSecrets } = this.#options
      const prepared = await dataPlane.prepare(withSecrets(entities))
      const result = await this.#replaceInStore(entities, origin).catch((error: unknown) => {
        prepared.drop()
        throw error
      })
      if (!result.ok) {
        prepared.drop()
        return result
      }
      await prepared.commit()
      this.#serve(store.version)
      return result
    })
  }

  /** Serves what the store holds now; for its content at start. @throws {ConfigurationRefused} */
  publish(): Promise<void> {
    return this.#inTurn(() => this.#publishNow())
  }

  async #publishNow(): Promise<void> {
    const { store, dataPlane, withSecrets } = this.#options
    const { version } = store
    const prepared = await dataPlane.prepare(withSecrets(store.all()))
    await prepared.commit()
    this.#serve(version)
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
    this.#inTurn(() => {
      this.#isScheduled = false
      return this.#publishNow()
    }).catch((error: unknown) => {
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

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => {
      // Whoever asked for this turn hears of it; the next turn comes all the same.
    })
    return result
  }
}
