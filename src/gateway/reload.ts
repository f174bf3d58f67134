import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { MAKING_WAY } from '../base/making-way.ts'
import { atOnce, inSlices } from '../base/steps.ts'
import { systemText } from '../base/system-text.ts'
import { WorkQueue } from '../base/work-queue.ts'
import type { LoadResult } from '../admin/admin-context.ts'
import type { DeclarativeConfig } from '../declarative/declarative.ts'
import { parseSteps } from '../declarative/parse.ts'
import { faultLines, prettyErrors } from '../declarative/pretty-errors.ts'
import type { Catalog } from '../entities/catalog.ts'
import type { EntitySet } from '../entities/entity.ts'
import type { Settings } from '../settings/settings.ts'
import type { OpenedFile } from '../store/file-store.ts'
import { difference } from '../store/difference.ts'
import type { Operation, Origin, Store, WriteFault } from '../store/store.ts'
import { ConfigurationRefused } from './configuration-refused.ts'
import type { ConfigurationKeeper } from './kept-configuration.ts'
import type { Publisher } from './publisher.ts'
import { StartFault } from './start-fault.ts'

/** Shown as the hash of a configuration without entities. */
const NO_HASH = '0'.repeat(32)

export interface ReloaderOptions {
  readonly catalog: Catalog
  readonly publisher: Pick<Publisher, 'publish' | 'replaceAll' | 'whenServed'>
  /** The declarative file, where it is the store itself. */
  readonly file?: OpenedFile | undefined
  /** Absent where a database keeps everything. */
  readonly keeper?: ConfigurationKeeper | undefined
  /** Hears of every configuration that came into force, and of those that did not. */
  readonly onLoad?: ((event: LoadEvent) => void) | undefined
}

export interface LoadEvent {
  readonly origin: Origin
  readonly fault?: string
}

export type SourceSettings = Pick<
  Settings,
  'declarative_config' | 'declarative_config_string' | 'declarative_config_watch'
>

/**
 * A configuration's path: text → entities → store → workers. First start, `reload`, a changed file
 * and `POST /config` all go this way, so none of them can leave things half done. They go one after
 * the other: of two loads of a file, the one that read it first must not be the last to be served.
 */
export class Reloader {
  readonly #options: ReloaderOptions
  #hash = NO_HASH
  #isLoading = false
  readonly #queue = new WorkQueue()

  constructor(options: ReloaderOptions) {
    this.#options = options
  }

  /** MD5 of the configuration in force. */
  get hash(): string {
    return this.#options.file?.hash() ?? this.#hash
  }

  /** Whether a text is what is in force, as it is when the gateway wrote it itself. */
  isServed(text: string): boolean {
    return createHash('md5').update(text).digest('hex') === this.hash
  }

  /** Serves what the settings name, else what was served before a restart, else what the store holds. */
  async start(settings: SourceSettings): Promise<void> {
    const { publisher, keeper, file } = this.#options
    const hasSource = file === undefined && (await this.loadSource(settings, { by: 'start' }))
    if (hasSource) return
    const kept = keeper?.read()
    if (kept === undefined) return publisher.publish()
    await this.#apply(kept, { by: 'start' })
  }

  /**
   * Loads what the settings name.
   *
   * @returns whether they name anything
   * @throws {StartFault} when it is faulty; then nothing has changed
   */
  loadSource(settings: SourceSettings, origin: Origin): Promise<boolean> {
    return this.#queue.add(() => this.#loadSource(settings, origin))
  }

  async #loadSource(settings: SourceSettings, origin: Origin): Promise<boolean> {
    try {
      if (this.#options.file !== undefined) {
        await this.#refresh(this.#options.file, settings)
        return true
      }
      const source = declarativeSource(settings)
      if (source === undefined) return false
      const detailed = { detail: source.fileName ?? 'declarative_config_string', ...origin }
      await this.#apply(await this.#parse(source, settings, origin), detailed)
      return true
    } catch (error) {
      this.#options.onLoad?.({ origin, fault: (error as Error).message })
      throw error
    }
  }

  /** @throws {StartFault} with everything that is wrong */
  async #parse(
    { text, fileName }: DeclarativeSource,
    { declarative_config_watch: isWatched }: SourceSettings,
    { by }: Origin,
  ): Promise<DeclarativeConfig> {
    const nowSeconds = Math.floor(Date.now() / 1000)
    const steps = parseSteps(
      { text, ...(fileName !== undefined && { fileName }) },
      { catalog: this.#options.catalog, nowSeconds },
    )
    const parsed = by === 'start' ? atOnce(steps) : await inSlices(steps, MAKING_WAY)
    if (parsed.ok) return parsed
    const what = fileName === undefined ? 'string' : `file ${fileName}`
    // Who works on the file is told the places of all faults, not Kong's tree.
    const faults = isWatched ? faultLines(parsed, fileName) : prettyErrors(parsed)
    throw new StartFault(`error parsing declarative config ${what}:\n${faults}`)
  }

  /** For `POST /config`, whose answer says when it cannot be done. */
  loadConfig(config: DeclarativeConfig): Promise<LoadResult> {
    return this.#alone(() => this.#apply(config, { by: 'config-endpoint' }))
  }

  /** Puts the entities of an earlier version in force. */
  restore(entities: EntitySet, origin: Origin): Promise<LoadResult> {
    const { file } = this.#options
    return this.#alone(() =>
      file === undefined
        ? this.#apply({ entities, hash: hashOf(entities) }, origin)
        : this.#changeFile(file, entities, origin),
    )
  }

  async #alone(work: () => Promise<void>): Promise<LoadResult> {
    if (this.#isLoading)
      return { ok: false, status: 429, message: 'Currently loading previous configuration' }
    this.#isLoading = true
    try {
      await this.#queue.add(work)
      return { ok: true }
    } catch (error) {
      if (!(error instanceof ConfigurationRefused)) throw error
      return { ok: false, status: 400, message: error.message }
    } finally {
      this.#isLoading = false
    }
  }

  async #apply(
    { entities, hash }: Pick<DeclarativeConfig, 'entities' | 'hash'>,
    origin: Origin,
  ): Promise<void> {
    const { publisher, keeper, onLoad } = this.#options
    const result = await publisher.replaceAll(entities, origin)
    if (!result.ok)
      throw new StartFault(`Cannot store the configuration: ${detailOf(result.fault)}`)
    this.#hash = hash
    keeper?.keep({ entities, hash })
    onLoad?.({ origin })
  }

  /** A file keeps its comments and its order if only what differs is written. */
  async #changeFile({ store }: OpenedFile, entities: EntitySet, origin: Origin): Promise<void> {
    const { publisher, catalog } = this.#options
    const operations = operationsTo(entities, store, catalog)
    const result = await store.write(operations, origin)
    // Values may have to change places, which no order of single writes allows.
    if (!result.ok) return this.#apply({ entities, hash: hashOf(entities) }, origin)
    await publisher.whenServed(result.version)
  }

  /** Takes over what somebody wrote into the file. */
  async #refresh({ store, hash, refresh }: OpenedFile, settings: SourceSettings): Promise<void> {
    const before = hash()
    try {
      await refresh()
    } catch (error) {
      const { declarative_config: file } = settings
      throw new StartFault(
        `error parsing declarative config file ${file}:\n${(error as Error).message}`,
      )
    }
    await this.#options.publisher.whenServed(store.version)
    if (hash() !== before) this.#options.onLoad?.({ origin: { by: 'file' } })
  }
}

/** Hash of a configuration that was never a text. */
function hashOf(entities: EntitySet): string {
  const lists = Object.entries(entities).filter(([, rows]) => rows.length > 0)
  if (lists.length === 0) return NO_HASH
  return createHash('md5').update(JSON.stringify(lists.sort())).digest('hex')
}

/** Parents are made before what refers to them, and deleted after it. */
function operationsTo(entities: EntitySet, store: Store, catalog: Catalog): readonly Operation[] {
  const changes = Map.groupBy(difference(store.all(), entities), ({ kind }) => kind)
  const kinds = catalog.kinds().map(({ name }) => name)
  const upserts = kinds.flatMap((kind) =>
    (changes.get(kind) ?? []).flatMap(({ after }): readonly Operation[] =>
      after === undefined ? [] : [{ op: 'upsert', kind, entity: after }],
    ),
  )
  const deletes = kinds
    .toReversed()
    .flatMap((kind) =>
      (changes.get(kind) ?? []).flatMap(({ id, after }): readonly Operation[] =>
        after === undefined ? [{ op: 'delete', kind, id }] : [],
      ),
    )
  return [...upserts, ...deletes]
}

function detailOf(fault: WriteFault): string {
  return fault.fault === 'unavailable' ? fault.detail : fault.fault
}

export interface DeclarativeSource {
  readonly text: string
  readonly fileName: string | undefined
}

/** @throws {StartFault} when the file cannot be read */
export function declarativeSource(
  settings: Pick<Settings, 'declarative_config' | 'declarative_config_string'>,
): DeclarativeSource | undefined {
  const { declarative_config: file, declarative_config_string: text } = settings
  if (!file) return text ? { text, fileName: undefined } : undefined
  try {
    return { text: readFileSync(file, 'utf8'), fileName: file }
  } catch (error) {
    throw new StartFault(
      `error parsing declarative config file ${file}:\n${file}: ${systemText(error as NodeJS.ErrnoException)}`,
    )
  }
}
