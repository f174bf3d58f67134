import type { LogLine, NodeServices } from '../../plugin-kit/plugin.ts'
import { QUEUE_NAME } from './exporter.ts'
import { encodeLogRecord, type Attributes } from './otlp.ts'

/** Lines that wait for an exchange to be over; more are dropped, the oldest first. */
const MOST_LINES = 1000

/**
 * The lines of the error log since an exchange last ended: those that name it, and those of the
 * worker as a whole.
 */
export interface LogLines {
  take(exchangeId: string): readonly TakenLine[]
}

export interface TakenLine extends LogLine {
  /** The line is about the exchange that took it. */
  readonly isOfExchange: boolean
}

/** One for the node: lines are collected while a configuration has a place to send them to. */
export function collectLogLines(node: NodeServices): LogLines & { release(): void } {
  const shared = node.keep('opentelemetry log lines', () => new Collected())
  return shared.hold(node)
}

class Collected {
  #holders = 0
  #end: (() => void) | undefined
  #lines: LogLine[] = []

  hold(node: NodeServices): LogLines & { release(): void } {
    this.#holders += 1
    this.#end ??= node.onLogLine?.((line) => this.#add(line))
    return {
      take: (exchangeId) => this.#take(exchangeId),
      release: () => {
        this.#holders -= 1
        if (this.#holders > 0) return
        this.#end?.()
        this.#end = undefined
        this.#lines = []
      },
    }
  }

  /** What is said about sending lines would never come to an end if it were sent as well. */
  #add(line: LogLine): void {
    if (line.message.startsWith(`Queue "${QUEUE_NAME}`)) return
    this.#lines.push(line)
    if (this.#lines.length > MOST_LINES) this.#lines.shift()
  }

  #take(exchangeId: string): readonly TakenLine[] {
    if (this.#lines.length === 0) return []
    const taken: TakenLine[] = []
    const left: LogLine[] = []
    for (const line of this.#lines) {
      const named = EXCHANGE_ID.exec(line.message)?.[0]
      if (named === undefined || named === exchangeId)
        taken.push({ ...line, isOfExchange: named === exchangeId })
      else left.push(line)
    }
    this.#lines = left
    return taken
  }
}

/** Lines about an exchange have its id. */
const EXCHANGE_ID = /\b[0-9a-f]{32}\b/

/** @see opentelemetry-proto, logs.proto: SeverityNumber; the numbers are Kong's choice among them */
const SEVERITIES = {
  debug: { number: 5, text: 'DEBUG' },
  info: { number: 9, text: 'INFO' },
  notice: { number: 11, text: 'NOTICE' },
  warn: { number: 13, text: 'WARN' },
  error: { number: 17, text: 'ERR' },
  crit: { number: 19, text: 'CRIT' },
  alert: { number: 21, text: 'ALERT' },
  emerg: { number: 23, text: 'EMERG' },
} as const

/** @param of what the line belongs to, if it is about an exchange */
export function logRecord(
  { level, message, atMs }: LogLine,
  of:
    | {
        readonly exchangeId: string
        readonly traceId: string | undefined
        readonly spanId: string | undefined
        readonly isSampled: boolean
      }
    | undefined,
): Buffer {
  const attributes: Attributes = { 'request.id': of?.exchangeId }
  return encodeLogRecord({
    atMs,
    severity: SEVERITIES[level],
    body: message,
    attributes,
    traceId: of?.traceId,
    spanId: of?.traceId === undefined ? undefined : of.spanId,
    flags: of?.isSampled === true ? 1 : 0,
  })
}
