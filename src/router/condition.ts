import type { RoutingRequest } from './route-match.ts'

/** One thing a route asks of a request. */
export interface Condition {
  readonly kind: ConditionKind
  readonly holds: (request: RoutingRequest) => boolean
  /** Why it does not hold, for humans: `POST is not one of GET, HEAD`. */
  readonly failure: (request: RoutingRequest) => string
}

export type ConditionKind =
  | 'methods'
  | 'hosts'
  | 'headers'
  | 'paths'
  | 'snis'
  | 'sources'
  | 'destinations'
  | 'protocols'
  | 'expression'
