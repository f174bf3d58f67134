import { readFileSync } from 'node:fs'
import type { LoadResult } from '../admin/admin-context.ts'
import type { DeclarativeConfig } from '../declarative/declarative.ts'
import { parseDeclarative } from '../declarative/parse.ts'
import { faultLines, prettyErrors } from '../declarative/pretty-errors.ts'
import type { Catalog } from '../entities/catalog.ts'
import type { Settings } from '../settings/settings.ts'
import type { Origin } from '../store/store.ts'
import type { Logger } from '../telemetry/logger.ts'
import { ConfigurationRefused } from './configuration-refused.ts'
import type { Publisher } from './publisher.ts'
import { StartFault } from './start-fault.ts'

/** Shown as the hash of a configuration without entities. */
const NO_HASH = '0'.repeat(32)

export interface ReloaderOptions {
  readonly catalog: Catalog
  readonly publisher: Publisher
  readonly log: Logger
}

/**
 * A configuration's path: text → entities → store → workers. First start, `reload`, a changed file
 * and `POST /config` all go this way, so none of them can leave things half done.
 */
export class Reloader {
  readonly #options: ReloaderOptions
  #hash = NO_HASH
  #isLoading = false

  constructor(options: ReloaderOptions) {
    this.#options = options
  }

  /** MD5 of the configuration in force. */
  get hash(): string {
    return this.#hash
  }

  /**
   * Loads what the settings name, if they name anything.
   *
   * @returns what is in force now; nothing when no configuration is named
   * @throws {StartFault} when it is faulty; then nothing has changed
   */
  async loadSource(
    settings: Pick<
      Settings,
      'declarative_config' | 'declarative_config_string' | 'declarative_config_watch'
    >,
    origin: Origin,
  ): Promise<DeclarativeConfig | undefined> {
    const source = declarativeSource(settings)
    if (source === undefined) return undefined
    const config = this.parse(source, settings.declarative_config_watch)
    await this.#apply(config, origin)
    return config
  }

  /**
   * @param isWatched somebody works on the file, and is told the places of all faults, not Kong's tree
   * @throws {StartFault} with everything that is wrong
   */
  parse({ text, fileName }: DeclarativeSource, isWatched = false): DeclarativeConfig {
    const nowSeconds = Math.floor(Date.now() / 1000)
    const parsed = parseDeclarative(
      { text, ...(fileName !== undefined && { fileName }) },
      { catalog: this.#options.catalog, nowSeconds },
    )
    if (parsed.ok) return parsed
    const what = fileName === undefined ? 'string' : `file ${fileName}`
    const faults = isWatched ? faultLines(parsed, fileName) : prettyErrors(parsed)
    throw new StartFault(`error parsing declarative config ${what}:\n${faults}`)
  }

  /** For `POST /config`, whose answer says when it cannot be done. */
  async loadConfig(config: DeclarativeConfig): Promise<LoadResult> {
    if (this.#isLoading)
      return { ok: false, status: 429, message: 'Currently loading previous configuration' }
    this.#isLoading = true
    try {
      await this.#apply(config, { by: 'config-endpoint' })
      return { ok: true }
    } catch (error) {
      if (!(error instanceof ConfigurationRefused)) throw error
      return { ok: false, status: 400, message: error.message }
    } finally {
      this.#isLoading = false
    }
  }

  async #apply(config: DeclarativeConfig, origin: Origin): Promise<void> {
    const result = await this.#options.publisher.replaceAll(config.entities, origin)
    if (!result.ok) throw new StartFault(`Cannot store the configuration: ${result.fault.fault}`)
    this.#hash = config.hash
  }
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

/** The system's own words, as other programs show them. */
export function systemText({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'No such file or directory'
  if (code === 'EACCES') return 'Permission denied'
  if (code === 'EISDIR') return 'Is a directory'
  return message
}
