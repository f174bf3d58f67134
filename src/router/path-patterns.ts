import type { UriCaptures } from '../entities/uri-captures.ts'
import { toBytes } from './byte-text.ts'
import type { Condition } from './condition.ts'
import { compilePattern, type Pattern, type PatternMatch } from './pattern.ts'
import type { RouteMatch, RouterFlavor, RoutingRequest } from './route-match.ts'
import { isRegexPath, type RoutePart } from './route-part.ts'

/** Compiles the regexes among configured paths, in their order. */
export function pathPatterns(paths: readonly string[], flavor: RouterFlavor): readonly Pattern[] {
  return paths
    .filter(isRegexPath)
    .map((path) =>
      compilePattern(path.slice(1), { isAnchored: true, isBytewise: flavor === 'traditional' }),
    )
}

/** Tries patterns in turn; the first that matches gives the matched path and the captures. */
export function takeByPattern(
  patterns: readonly Pattern[],
  base: Omit<RouteMatch, 'matchedPath' | 'captures'>,
): (request: RoutingRequest) => RouteMatch | undefined {
  return ({ path }) => {
    for (const pattern of patterns) {
      const match = pattern.exec(path)
      if (match !== undefined)
        return { ...base, matchedPath: match.matched, captures: capturesOf(match) }
    }
    return undefined
  }
}

/** Only a match whose first group took part has captures, as in Kong. */
export function capturesOf({ matched, groups, named }: PatternMatch): UriCaptures | undefined {
  if (groups[0] === undefined) return undefined
  return { named, unnamed: [matched, ...groups.map((group) => group ?? '')] }
}

/** The paths of a part as one condition, for explanations; these name all paths of the route. */
export function pathCondition(part: RoutePart, flavor: RouterFlavor): Condition {
  const patterns = pathPatterns(part.paths, flavor)
  const plain = part.paths.filter((path) => !isRegexPath(path)).map(toBytes)
  return {
    kind: 'paths',
    holds: ({ path }) =>
      plain.some((prefix) => path.startsWith(prefix)) || patterns.some((p) => p.test(path)),
    failure: ({ path }) => `${path} does not begin with ${part.route.paths?.join(' or ')}`,
  }
}
