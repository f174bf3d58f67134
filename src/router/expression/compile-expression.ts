import { addressTest } from '../address-range.ts'
import { asciiLower, toBytes } from '../byte-text.ts'
import { compilePattern, type Pattern, type PatternMatch } from '../pattern.ts'
import type { RoutingRequest } from '../route-match.ts'
import { expressionField, type ExpressionField } from './expression-fields.ts'
import type { Expression, Operator, Predicate } from './syntax-tree.ts'

/** An expression that can be asked. */
export interface CompiledExpression {
  readonly holds: (request: RoutingRequest) => boolean
  /** Of a request for which it holds: what it compared the path with; the last comparison counts. */
  readonly trace: (request: RoutingRequest) => PathTrace | undefined
}

/** The part of a path that a predicate was about, with the groups of its regex. */
export type PathTrace = PatternMatch

/** @param expression one that `check-expression.ts` finds no fault with */
export function compileExpression(expression: Expression): CompiledExpression {
  switch (expression.kind) {
    case 'and': {
      const left = compileExpression(expression.left)
      const right = compileExpression(expression.right)
      return {
        holds: (request) => left.holds(request) && right.holds(request),
        trace: (request) => right.trace(request) ?? left.trace(request),
      }
    }
    case 'or': {
      const left = compileExpression(expression.left)
      const right = compileExpression(expression.right)
      return {
        holds: (request) => left.holds(request) || right.holds(request),
        trace: (request) => (left.holds(request) ? left.trace(request) : right.trace(request)),
      }
    }
    case 'not': {
      const operand = compileExpression(expression.operand)
      return { holds: (request) => !operand.holds(request), trace: nothing }
    }
    case 'predicate':
      return compilePredicate(expression)
  }
}

function nothing(): undefined {
  return undefined
}

function compilePredicate(predicate: Predicate): CompiledExpression {
  const field = expressionField(predicate.field)!
  if (field.type === 'integer') return { holds: integerTest(predicate, field), trace: nothing }
  if (field.type === 'address') return { holds: addressFieldTest(predicate, field), trace: nothing }
  const pattern = patternOf(predicate)
  const fits = pattern === undefined ? textTest(predicate) : (text: string) => pattern.test(text)
  return {
    holds: textFieldTest(predicate, field, fits),
    trace: predicate.field === 'http.path' ? tracer(predicate, pattern) : nothing,
  }
}

function patternOf({ operator, value }: Predicate): Pattern | undefined {
  if (operator !== '~' || value.kind !== 'text') return undefined
  return compilePattern(value.text, { isAnchored: false })
}

/** A field without a value satisfies nothing, not even `!=`. */
function textFieldTest(
  { isAny, isLowered }: Predicate,
  { read }: ExpressionField & { readonly type: 'text' },
  fits: (text: string) => boolean,
): (request: RoutingRequest) => boolean {
  return (request) => {
    const values = read(request)
    for (const value of values) {
      const isFitting = fits(isLowered ? asciiLower(value) : value)
      if (isAny && isFitting) return true
      if (!isAny && !isFitting) return false
    }
    return !isAny && values.length > 0
  }
}

function textTest({ operator, value }: Predicate): (text: string) => boolean {
  const wanted = toBytes(value.kind === 'text' ? value.text : '')
  switch (operator as Exclude<Operator, '~' | '<' | '<=' | '>' | '>=' | 'in' | 'not in'>) {
    case '==':
      return (text) => text === wanted
    case '!=':
      return (text) => text !== wanted
    case '^=':
      return (text) => text.startsWith(wanted)
    case '=^':
      return (text) => text.endsWith(wanted)
    case 'contains':
      return (text) => text.includes(wanted)
  }
}

function tracer(
  { operator, value, isLowered }: Predicate,
  pattern: Pattern | undefined,
): (request: RoutingRequest) => PathTrace | undefined {
  if (pattern !== undefined) return ({ path }) => pattern.exec(isLowered ? asciiLower(path) : path)
  if (value.kind !== 'text' || !['==', '^=', '=^'].includes(operator)) return nothing
  const trace: PathTrace = { matched: toBytes(value.text), groups: [], named: {} }
  return () => trace
}

function integerTest(
  { operator, value }: Predicate,
  { read }: ExpressionField & { readonly type: 'integer' },
): (request: RoutingRequest) => boolean {
  const wanted = value.kind === 'integer' ? Number(value.number) : Number.NaN
  switch (operator as '==' | '!=' | '>' | '>=' | '<' | '<=') {
    case '==':
      return (request) => read(request) === wanted
    case '!=':
      return (request) => read(request) !== wanted
    case '>':
      return (request) => read(request) > wanted
    case '>=':
      return (request) => read(request) >= wanted
    case '<':
      return (request) => read(request) < wanted
    case '<=':
      return (request) => read(request) <= wanted
  }
}

function addressFieldTest(
  { operator, value }: Predicate,
  { read }: ExpressionField & { readonly type: 'address' },
): (request: RoutingRequest) => boolean {
  const range =
    value.kind === 'address' ? value.address : value.kind === 'network' ? value.network : ''
  const isInside = addressTest(range)
  const isWanted = operator === '==' || operator === 'in'
  return (request) => isInside(read(request)) === isWanted
}
