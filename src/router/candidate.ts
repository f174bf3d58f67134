import type { Condition } from './condition.ts'
import type { RouteMatch, RoutingRequest } from './route-match.ts'

/** A route as the index holds it: what is left to ask once host and path prefix are known to fit. */
export interface Candidate {
  /** Place in the order of preference; 0 is asked first. */
  readonly rank: number
  readonly conditions: readonly Condition[]
  /** The match when nothing in it depends on the request. */
  readonly fixed: RouteMatch | undefined
  /** Decides about path patterns or expressions and makes the match; only where `fixed` is absent. */
  readonly take: ((request: RoutingRequest) => RouteMatch | undefined) | undefined
}

/** @returns the match if all that is left to ask holds */
export function takeCandidate(
  candidate: Candidate,
  request: RoutingRequest,
): RouteMatch | undefined {
  if (!doAllHold(candidate.conditions, request)) return undefined
  return candidate.fixed ?? candidate.take!(request)
}

export function doAllHold(conditions: readonly Condition[], request: RoutingRequest): boolean {
  for (let at = 0; at < conditions.length; at += 1)
    if (!conditions[at]!.holds(request)) return false
  return true
}
