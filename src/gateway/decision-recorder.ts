import type { DecisionRecord, ListedRecords, RecordFilter } from '../admin/decision-record.ts'
import type { ProxyContext } from '../proxy/context.ts'
import type { ProxyExchange } from '../proxy/exchange.ts'
import { DecisionRing, type KeptRecord } from './decision-ring.ts'
import { decisionRecord, withoutFacts } from './make-decision-record.ts'

export interface RecorderLimits {
  readonly count: number
  readonly bytes: number
  /** One in so many of what passes is recorded as well; 0: none. */
  readonly sample: number
}

/** Records wait so long until they are written. */
const SETTLE_MS = 250
/**
 * So many may wait; what comes beyond is passed over, so that a flood of refusals, which would push
 * everything out of the ring within a moment, costs no more than this many records.
 */
const MOST_WAITING = 250
/** Longer records go without the facts of their decisions: clients decide how long those are. */
const LONGEST_TEXT = 8192

/**
 * Keeps why requests were answered as they were. A request that passes costs a comparison; one that
 * the gateway answers costs the making of a small object, and is turned into text later.
 */
export class DecisionRecorder {
  readonly #ring: DecisionRing
  readonly #sample: number
  #waiting: DecisionRecord[] = []
  #timer: NodeJS.Timeout | undefined
  #untilSampled: number
  #passedOver = 0

  constructor(limits: RecorderLimits) {
    this.#ring = new DecisionRing(limits)
    this.#sample = limits.sample
    this.#untilSampled = limits.sample
  }

  /** For the context of the proxy: whether the exchange that begins is one of the sample. */
  readonly wantsPasses: NonNullable<ProxyContext['wantsPasses']> = () => {
    if (this.#sample === 0) return false
    this.#untilSampled -= 1
    if (this.#untilSampled > 0) return false
    this.#untilSampled = this.#sample
    return true
  }

  /** For the end of every exchange. */
  onFinished(exchange: ProxyExchange): void {
    if (exchange.response.source === 'service' && !exchange.wantsPasses) return
    if (this.#waiting.length === MOST_WAITING) {
      this.#passedOver += 1
      return
    }
    this.#waiting.push(decisionRecord(exchange))
    this.#timer ??= setTimeout(() => this.#settle(), SETTLE_MS).unref()
  }

  find(prefix: string): readonly DecisionRecord[] {
    this.#settle()
    return this.#ring.find(prefix).map(parsed)
  }

  list(filter: RecordFilter): ListedRecords {
    this.#settle()
    return { records: this.#ring.list(filter).map(parsed), passedOver: this.#passedOver }
  }

  /** Text has no part of a request's memory, and its size is known. */
  #settle(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const waiting = this.#waiting
    this.#waiting = []
    for (const record of waiting) {
      const whole = JSON.stringify(record)
      const text = whole.length > LONGEST_TEXT ? JSON.stringify(withoutFacts(record)) : whole
      this.#ring.add({ id: record.id, atMs: record.at_ms, status: record.status, text })
    }
  }
}

function parsed({ text }: KeptRecord): DecisionRecord {
  return JSON.parse(text) as DecisionRecord
}
