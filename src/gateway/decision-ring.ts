import type { RecordFilter } from '../admin/decision-record.ts'

/** One record, as text, with what it is looked up by. */
export interface KeptRecord {
  readonly id: string
  readonly atMs: number
  readonly status: number
  readonly text: string
}

/** What a record takes beside its text. */
const RECORD_BYTES = 200

/** The newest records of a worker, bounded by their number and by the memory they take. */
export class DecisionRing {
  readonly #records: (KeptRecord | undefined)[] = []
  readonly #limits: { readonly count: number; readonly bytes: number }
  /** Place of the oldest. */
  #first = 0
  #count = 0
  #bytes = 0

  constructor(limits: { readonly count: number; readonly bytes: number }) {
    this.#limits = limits
  }

  get bytes(): number {
    return this.#bytes
  }

  /** One that is larger than all may be together is not kept. */
  add(record: KeptRecord): void {
    const { count, bytes } = this.#limits
    const size = sizeOf(record)
    if (size > bytes) return
    while (this.#count === count || this.#bytes + size > bytes) this.#dropOldest()
    this.#records[(this.#first + this.#count) % count] = record
    this.#count += 1
    this.#bytes += size
  }

  /** @param prefix the beginning of an id; the newest come first */
  find(prefix: string): readonly KeptRecord[] {
    return [...this.#newestFirst()].filter(({ id }) => id.startsWith(prefix))
  }

  /** The newest that fit, newest first. */
  list({ status, before, size }: RecordFilter): readonly KeptRecord[] {
    return [...this.#newestFirst()]
      .filter((record) => status === undefined || hasStatus(record, status))
      .filter((record) => before === undefined || isBefore(record, before))
      .sort(byNewest)
      .slice(0, size)
  }

  *#newestFirst(): Generator<KeptRecord> {
    for (let index = this.#count - 1; index >= 0; index -= 1)
      yield this.#records[(this.#first + index) % this.#limits.count]!
  }

  #dropOldest(): void {
    this.#bytes -= sizeOf(this.#records[this.#first]!)
    this.#records[this.#first] = undefined
    this.#first = (this.#first + 1) % this.#limits.count
    this.#count -= 1
  }
}

/** Text of one byte a character, but for names in other scripts. */
function sizeOf({ text }: KeptRecord): number {
  return text.length + RECORD_BYTES
}

function hasStatus({ status }: KeptRecord, wanted: number): boolean {
  return wanted < 10 ? Math.floor(status / 100) === wanted : status === wanted
}

interface Position {
  readonly atMs: number
  readonly id: string
}

/** Records are ordered by time, those of one ms by id, so that pages of several workers fit together. */
export function byNewest(one: Position, other: Position): number {
  return other.atMs - one.atMs || (one.id < other.id ? 1 : -1)
}

function isBefore(record: Position, position: Position): boolean {
  return byNewest(record, position) > 0
}
