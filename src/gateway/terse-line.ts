import { clockTime } from '../telemetry/log-time.ts'

/** What a line for people tells of one exchange. */
export interface TerseFacts {
  readonly atMs: number
  readonly method: string
  /** Without query. */
  readonly path: string
  readonly hasQuery: boolean
  readonly status: number
  readonly tookMs: number
  readonly consumer: string | undefined
  /** Name of the service that was asked. */
  readonly service: string | undefined
  readonly upstreamMs: number | undefined
  /** Why it was refused, or whatever else went wrong. */
  readonly reason: string | undefined
  /** The beginning of the request id, where more is known under it. */
  readonly why: string | undefined
}

const STATUS_COLORS: Readonly<Record<string, string>> = { 2: '32', 3: '36', 4: '33', 5: '31' }

/** What stands behind it stands in one column, unless it is long. */
const OUTCOME_WIDTH = 50

/** `11:02:21  GET /api  200  2 ms  ann -> hello (1 ms)` */
export function terseLine(facts: TerseFacts, hasColor: boolean): string {
  const status = String(facts.status)
  const color = STATUS_COLORS[status[0]!]
  const columns = [
    clockTime(new Date(facts.atMs)),
    `${facts.method} ${printable(facts.path)}${facts.hasQuery ? '?…' : ''}`,
    hasColor && color !== undefined ? `\u001B[${color}m${status}\u001B[0m` : status,
    `${milliseconds(facts.tookMs)} ms`,
    facts.why === undefined ? outcome(facts) : outcome(facts).padEnd(OUTCOME_WIDTH),
    ...(facts.why === undefined ? [] : [`why: ${facts.why}…`]),
  ]
  return `  ${columns.join('  ').trimEnd()}\n`
}

function outcome({ reason, consumer, service, upstreamMs }: TerseFacts): string {
  if (reason !== undefined) return printable(reason)
  if (service === undefined) return consumer === undefined ? '' : printable(consumer)
  const took = upstreamMs === undefined ? '' : ` (${milliseconds(upstreamMs)} ms)`
  return `${printable(consumer ?? 'anyone')} -> ${printable(service)}${took}`
}

/** Clocks here are exact to a millisecond. */
function milliseconds(ms: number): string {
  return ms < 1 ? '<1' : String(Math.round(ms))
}

/** What clients send must not steer a terminal. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replaceAll(/[\u0000-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/g, '?')
}
