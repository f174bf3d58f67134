import { open, readFile, rename } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Entity, EntitySet } from '../entities/entity.ts'
import type { PostgresConnection } from '../store/postgres-connection.ts'
import type { KeptEntities } from '../store/postgres-store.ts'
import type { Store } from '../store/store.ts'
import type { Logger } from '../telemetry/logger.ts'
import { COMPATIBILITY_VERSION } from './versions.ts'

/** First line of the file. */
interface Head {
  readonly format: 1
  /** Another minor version may read entities differently. */
  readonly minorVersion: string
  /** Which database it is of. */
  readonly database: string
  readonly version: number
}

/** Each line between; the last one says `{"end":true}`. */
interface Piece {
  readonly kind: string
  readonly rows: readonly Entity[]
}

const MINOR_VERSION = COMPATIBILITY_VERSION.split('.').slice(0, 2).join('.')
const END = '{"end":true}'
const ROWS_A_LINE = 500

/** Writes that follow each other within this time are kept as one. */
const KEEP_AFTER_MS = 1000

export interface EntitiesKeeperOptions {
  readonly file: string
  readonly connection: PostgresConnection
  readonly log: Pick<Logger, 'error'>
  /** Whether the rows of a kind are: not those that come with every login. */
  readonly isKept: (kind: string) => boolean
}

/**
 * Keeps what a database held in a file, so that a node can start and serve while the database does
 * not answer.
 */
export class EntitiesKeeper {
  readonly #file: string
  readonly #database: string
  readonly #log: Pick<Logger, 'error'>
  readonly #isKept: (kind: string) => boolean
  #isOutdated = false
  #isWriting = false

  constructor({ file, connection, log, isKept }: EntitiesKeeperOptions) {
    const { host, port, database, schema } = connection
    this.#file = file
    this.#database = JSON.stringify([host, port, database, schema ?? null])
    this.#log = log
    this.#isKept = isKept
  }

  /** What was kept of this database; nothing when that was never, or cannot be read any more. */
  async read(): Promise<KeptEntities | undefined> {
    try {
      return this.#parse(await readFile(this.#file, 'utf8'))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#log.error(`Cannot read what the database held before from ${this.#file}`, error)
      return undefined
    }
  }

  /** Keeps what a store holds, now and after each change. */
  follow(store: Store): void {
    this.#keepSoon(store)
    store.subscribe(({ changes }) => {
      if (changes.some(({ kind }) => this.#isKept(kind))) this.#keepSoon(store)
    })
  }

  #keepSoon(store: Store): void {
    this.#isOutdated = true
    if (this.#isWriting) return
    this.#isWriting = true
    void this.#write(store)
  }

  async #write(store: Store): Promise<void> {
    while (this.#isOutdated) {
      await delay(KEEP_AFTER_MS, undefined, { ref: false })
      this.#isOutdated = false
      try {
        await this.#replace(store.version, store.all())
      } catch (error) {
        this.#log.error(`Cannot keep what the database holds in ${this.#file}`, error)
      }
    }
    this.#isWriting = false
  }

  async #replace(version: number, entities: EntitySet): Promise<void> {
    const next = `${this.#file}.new`
    // It holds secrets.
    const handle = await open(next, 'w', 0o600)
    try {
      const head: Head = {
        format: 1,
        minorVersion: MINOR_VERSION,
        database: this.#database,
        version,
      }
      await handle.write(`${JSON.stringify(head)}\n`)
      // Piece by piece, so that requests to the Admin API have their turn between.
      const kept = Object.entries(entities).filter(([kind]) => this.#isKept(kind))
      for (const piece of pieces(kept)) await handle.write(`${JSON.stringify(piece)}\n`)
      await handle.write(`${END}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(next, this.#file)
  }

  /** @throws {Error} when the text is not whole */
  #parse(text: string): KeptEntities | undefined {
    const [first = '', ...lines] = text.trimEnd().split('\n')
    const head = JSON.parse(first) as Head
    if (head.format !== 1 || head.minorVersion !== MINOR_VERSION) return undefined
    if (head.database !== this.#database) return undefined
    if (lines.pop() !== END) throw new Error('It has no end')
    const entities: Record<string, Entity[]> = {}
    for (const line of lines) {
      const { kind, rows } = JSON.parse(line) as Piece
      ;(entities[kind] ??= []).push(...rows)
    }
    return { entities, version: head.version }
  }
}

function* pieces(kinds: Iterable<readonly [string, readonly Entity[]]>): Iterable<Piece> {
  for (const [kind, rows] of kinds)
    for (let at = 0; at < rows.length; at += ROWS_A_LINE)
      yield { kind, rows: rows.slice(at, at + ROWS_A_LINE) }
}
