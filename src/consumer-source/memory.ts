import type { Consumer } from '../entities/entity.ts'
import type { NoRecord, SourceUnavailable } from '../plugin-kit/consumer-source.ts'
import type { Question } from './question.ts'
import type { SourceRecord } from './read-record.ts'
import { RecentMap } from '../base/recent-map.ts'

export interface MemoryLimits {
  /** How long a record is believed. */
  readonly ttlMs: number
  /** How long it is believed that there is none. */
  readonly negTtlMs: number
  /** How long a record is used after that while the source is down. */
  readonly staleMs: number
  /** Most records that are remembered, and as many values that nobody has. */
  readonly entries: number
}

/** A record with its times; forgetting it ends what was made of it. */
export interface Remembered {
  readonly kind: 'found'
  readonly consumer: Consumer
  readonly credential: SourceRecord['credential']
  readonly groups: readonly string[]
  usableUntil: number
  readonly freshUntilMs: number
}

/** What a source can say, made ready. */
export type Learned = Remembered | NoRecord | SourceUnavailable

export const NONE: NoRecord = { kind: 'none' }
export const UNAVAILABLE: SourceUnavailable = { kind: 'unavailable' }

/** What a source said lately, within bounds: what was used most recently stays. */
export class SourceMemory {
  readonly #limits: MemoryLimits
  readonly #now: () => number
  readonly #found: RecentMap<string, Remembered>
  /** Unix times in ms up to which nobody has a value. */
  readonly #none: RecentMap<string, number>

  /** @param now Unix time in ms */
  constructor(limits: MemoryLimits, now: () => number) {
    this.#limits = limits
    this.#now = now
    this.#found = new RecentMap(limits.entries, end)
    this.#none = new RecentMap(limits.entries)
  }

  get sizes(): { readonly found: number; readonly none: number } {
    return { found: this.#found.size, none: this.#none.size }
  }

  /** A record that begins to be believed now. */
  begin({ consumer, credential, groups }: SourceRecord): Remembered {
    const freshUntilMs = this.#now() + this.#limits.ttlMs
    const usableUntil = Math.floor(freshUntilMs / 1000)
    return { kind: 'found', consumer, credential, groups, usableUntil, freshUntilMs }
  }

  find(name: string): Remembered | NoRecord | undefined {
    const record = this.#found.get(name)
    if (record !== undefined && this.#now() < record.freshUntilMs) return record
    const noneUntil = this.#none.get(name)
    return noneUntil !== undefined && this.#now() < noneUntil ? NONE : undefined
  }

  /** What was known lately stands in for what cannot be known now. */
  findStale(name: string): Remembered | SourceUnavailable {
    const record = this.#found.get(name)
    const { staleMs } = this.#limits
    return record !== undefined && this.#now() < record.freshUntilMs + staleMs
      ? record
      : UNAVAILABLE
  }

  remember(name: string, answer: Learned): void {
    if (answer.kind === 'found') {
      this.#found.set(name, answer)
      this.#none.delete(name)
    } else if (answer.kind === 'none') {
      this.#drop(name)
      this.#none.set(name, this.#now() + this.#limits.negTtlMs)
    }
  }

  forget(): void {
    for (const [name] of this.#found.entries()) this.#drop(name)
    for (const [name] of this.#none.entries()) this.#none.delete(name)
  }

  /** For `consumers`: everything of the consumer with that id, username or custom id. */
  forgetOne(kind: string, value: string): void {
    for (const [name, { consumer }] of this.#found.entries())
      if (isNamed(name, kind, value) || (kind === 'consumers' && isCalled(consumer, value)))
        this.#drop(name)
    for (const [name] of this.#none.entries())
      if (isNamed(name, kind, value)) this.#none.delete(name)
  }

  #drop(name: string): void {
    const record = this.#found.get(name)
    if (record === undefined) return
    end(record)
    this.#found.delete(name)
  }
}

/** Under what an answer is remembered. Neither kinds nor fields hold a line end. */
export function nameOf({ kind, field, value }: Question): string {
  return `${kind}\n${field}\n${value}`
}

function isNamed(name: string, kind: string, value: string): boolean {
  const start = `${kind}\n`
  return name.startsWith(start) && name.slice(name.indexOf('\n', start.length) + 1) === value
}

function isCalled({ id, username, custom_id }: Consumer, value: string): boolean {
  return id === value || username === value || custom_id === value
}

function end(record: Remembered): void {
  record.usableUntil = 0
}
