import { existsSync, readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { MAKING_WAY } from '../base/making-way.ts'
import { inSlices, type Steps } from '../base/steps.ts'
import type { EntitySet } from '../entities/entity.ts'
import type { Logger } from '../telemetry/logger.ts'
import { COMPATIBILITY_VERSION } from './versions.ts'

/** What was in force, so that a node without a database has it again after a restart. */
export interface KeptConfiguration {
  readonly entities: EntitySet
  readonly hash: string
}

interface KeptFile extends KeptConfiguration {
  /** Another minor version may read entities differently. */
  readonly minorVersion: string
}

const MINOR_VERSION = COMPATIBILITY_VERSION.split('.').slice(0, 2).join('.')

/** Keeps the configuration in force below the prefix. Without a declarative file it is loaded again. */
export class ConfigurationKeeper {
  readonly #file: string
  readonly #log: Pick<Logger, 'warn'>
  #next: KeptConfiguration | undefined
  /** Absent while nothing is being written. */
  #writing: Promise<void> | undefined

  constructor(prefix: string, log: Pick<Logger, 'warn'>) {
    this.#file = path.join(prefix, 'dbless.json')
    this.#log = log
  }

  read(): KeptConfiguration | undefined {
    if (!existsSync(this.#file)) return undefined
    try {
      const kept = JSON.parse(readFileSync(this.#file, 'utf8')) as KeptFile
      return kept.minorVersion === MINOR_VERSION ? kept : undefined
    } catch (error) {
      this.#log.warn(`Cannot read what was in force before: ${(error as Error).message}`)
      return undefined
    }
  }

  /** Writes in the background; of several in a row the last one counts. */
  keep(configuration: KeptConfiguration): void {
    this.#next = configuration
    this.#writing ??= this.#writeAll()
  }

  /** Resolves when what was to be kept is, or cannot be. */
  async settled(): Promise<void> {
    await this.#writing
  }

  async #writeAll(): Promise<void> {
    while (this.#next !== undefined) {
      const configuration = this.#next
      this.#next = undefined
      try {
        await this.#write(configuration)
      } catch (error) {
        this.#log.warn(`Cannot keep what is in force for a restart: ${(error as Error).message}`)
      }
    }
    this.#writing = undefined
  }

  async #write({ entities, hash }: KeptConfiguration): Promise<void> {
    const kept = { minorVersion: MINOR_VERSION, hash, entities }
    const pieces = await inSlices(textOf(kept), MAKING_WAY)
    // It holds secrets.
    await writeFile(`${this.#file}.new`, pieces, { mode: 0o600 })
    await rename(`${this.#file}.new`, this.#file)
  }
}

/** As JSON, a piece at a time: the whole of it takes long. */
function* textOf({ entities, ...head }: KeptFile): Steps<readonly Buffer[]> {
  const pieces = [Buffer.from(`${JSON.stringify(head).slice(0, -1)},"entities":{`)]
  for (const [at, [kind, rows]] of Object.entries(entities).entries()) {
    pieces.push(Buffer.from(`${at > 0 ? ',' : ''}${JSON.stringify(kind)}:[`))
    for (let from = 0; from < rows.length; from += ROWS_IN_A_STEP) {
      const some = JSON.stringify(rows.slice(from, from + ROWS_IN_A_STEP)).slice(1, -1)
      pieces.push(Buffer.from(from > 0 ? `,${some}` : some))
      yield
    }
    pieces.push(Buffer.from(']'))
  }
  pieces.push(Buffer.from('}}'))
  return pieces
}

const ROWS_IN_A_STEP = 100
