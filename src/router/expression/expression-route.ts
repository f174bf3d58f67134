import type { Condition } from '../condition.ts'
import { capturesOf } from '../path-patterns.ts'
import type { RouteMatch, RoutingRequest } from '../route-match.ts'
import type { RoutePart } from '../route-part.ts'
import { compileExpression } from './compile-expression.ts'
import { indexKeys, type IndexKeys } from './index-keys.ts'
import { parseExpression } from './parse-expression.ts'
import type { Expression } from './syntax-tree.ts'

export interface ExpressionRoute {
  readonly keys: IndexKeys
  readonly take: (request: RoutingRequest) => RouteMatch | undefined
}

/** @throws {ExpressionFault} */
export function expressionRoute({ route, service }: RoutePart, text: string): ExpressionRoute {
  const expression = parseExpression(text)
  const { holds, trace } = compileExpression(expression)
  const base = { route, service, pathHandling: 'v0' } as const
  // One match for each literal that the expression may compare the path with, and one for none.
  const fixed = new Map<string | undefined, RouteMatch>()
  return {
    keys: indexKeys(expression),
    take(request) {
      if (!holds(request)) return undefined
      const path = trace(request)
      const captures = path === undefined ? undefined : capturesOf(path)
      if (captures !== undefined) return { ...base, matchedPath: path?.matched, captures }
      let match = fixed.get(path?.matched)
      if (match === undefined) {
        match = { ...base, matchedPath: path?.matched, captures }
        if (fixed.size < MAX_FIXED) fixed.set(path?.matched, match)
      }
      return match
    },
  }
}

const MAX_FIXED = 16

/** The expression as a condition, for explanations: it names the first predicate that fails. */
export function expressionCondition(text: string): Condition {
  const expression = parseExpression(text)
  const { holds } = compileExpression(expression)
  return {
    kind: 'expression',
    holds,
    failure: (request) => `${firstFailure(expression, text, request)} does not hold`,
  }
}

function firstFailure(expression: Expression, text: string, request: RoutingRequest): string {
  switch (expression.kind) {
    case 'and': {
      const isLeft = !compileExpression(expression.left).holds(request)
      return firstFailure(isLeft ? expression.left : expression.right, text, request)
    }
    case 'or':
      return [expression.left, expression.right]
        .map((side) => firstFailure(side, text, request))
        .join(' || ')
    case 'not':
      return 'a negation'
    case 'predicate':
      return text.slice(expression.start, expression.end)
  }
}

/** Whether some predicate of an expression holds, so that the route is worth explaining. */
export function holdsInPart(text: string): (request: RoutingRequest) => boolean {
  const predicates = predicatesOf(parseExpression(text)).map(compileExpression)
  return (request) => predicates.some(({ holds }) => holds(request))
}

function predicatesOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'and':
    case 'or':
      return [...predicatesOf(expression.left), ...predicatesOf(expression.right)]
    case 'not':
    case 'predicate':
      return [expression]
  }
}
