import type { Decision } from '../plugin-kit/exchange.ts'
import type { ExplainedCheck } from '../plugin-kit/explanation.ts'

/**
 * Why one exchange was answered as it was, as it is kept: plain data without secrets. Names are those
 * of the Admin API.
 */
export interface DecisionRecord {
  /** The request id that the client got. */
  readonly id: string
  /** Unix time in ms at which the answer was sent. */
  readonly at_ms: number
  /** Generation of the configuration that decided; this node counts them. */
  readonly configuration: number
  readonly status: number
  /** Who answered: a plugin by its name, `gateway` or `upstream`. */
  readonly answered_by: string
  /** Stable and short, e.g. `token-expired`, `no-route-matched`; absent where nothing was refused. */
  readonly code?: string
  readonly reason?: string
  readonly request: RecordedRequest
  readonly route: RecordedName | null
  readonly service: RecordedName | null
  readonly consumer: RecordedName | null
  /** What the client was told, where it was refused. */
  readonly body?: string
  /** In the order in which plugins noted them. */
  readonly decisions: readonly Decision[]
  readonly tries: readonly RecordedTry[]
  readonly timings: {
    readonly total_ms: number
    readonly gateway_ms: number
    /** Absent where no upstream answered. */
    readonly upstream_ms?: number
  }
}

export interface RecordedRequest {
  readonly method: string
  readonly scheme: string
  readonly host: string
  readonly port: number
  /** As received, without query. */
  readonly path: string
  /** Names of the query's arguments; their values may be secret. */
  readonly query: readonly string[]
  readonly http_version: string
  readonly client_ip: string
  /** What routes ask for, and it is of no use to repeat it: see `routedParts`. */
  readonly routed: RoutedParts
}

/** What a router looks at beside the rest of a request. */
export interface RoutedParts {
  readonly source_port: number
  readonly destination_ip: string
  readonly sni?: string
  /** Headers that routes are told apart by, and no others. */
  readonly headers?: Readonly<Record<string, readonly string[]>>
  /** Arguments of the query that routes are told apart by. */
  readonly query?: string
}

export interface RecordedName {
  readonly id: string
  readonly name: string | null
}

export interface RecordedTry {
  readonly ip: string
  readonly port: number
  readonly state: string | null
  readonly code: number | null
}

/** A record with what is found out only when somebody asks. */
export interface ExplainedRecord extends DecisionRecord {
  /** The checks that the request went through, up to the one that it failed. */
  readonly checks: readonly ExplainedCheck[]
  /** What to do so that the next such request passes. */
  readonly fix?: string
  /** Routes that the request matched in part. */
  readonly other_routes: readonly { readonly route: RecordedName; readonly failed?: string }[]
  /** The configuration is another one by now, and the routes are looked up in the present one. */
  readonly configuration_changed: boolean
}

/** What is asked for in a list of records. */
export interface RecordFilter {
  /** A status such as 401, or a class such as 4 for 4xx. */
  readonly status?: number | undefined
  /** Older than this one. */
  readonly before?: RecordPosition | undefined
  readonly size: number
}

export interface ListedRecords {
  /** The newest first. */
  readonly records: readonly DecisionRecord[]
  /** How many were not recorded since the start, because too many came at once. */
  readonly passedOver: number
}

/** Where a list goes on. */
export interface RecordPosition {
  readonly atMs: number
  readonly id: string
}
