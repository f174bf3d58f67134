import type { Protocol } from '../../entities/entity.ts'
import { regexFault } from '../pattern.ts'
import {
  expressionField,
  isStreamField,
  isWellFormedSegment,
  SEGMENTS,
  type ExpressionField,
} from './expression-fields.ts'
import { parseExpression } from './parse-expression.ts'
import { ExpressionFault, type Expression, type Operator, type Predicate } from './syntax-tree.ts'

/**
 * Why the router cannot use an expression, with the line and a mark at the place, or `undefined`.
 *
 * @param protocols of the route: without http among them there are no `http.*` fields
 */
export function checkExpression(
  text: string,
  protocols: readonly Protocol[] = ['http'],
): string | undefined {
  try {
    const isStream = !protocols.some((protocol) => /^(?:http|grpc)/.test(protocol))
    checkFields(parseExpression(text), isStream)
    return undefined
  } catch (error) {
    if (error instanceof ExpressionFault) return pointedAt(text, error)
    throw error
  }
}

function pointedAt(text: string, { message, position }: ExpressionFault): string {
  const before = text.slice(0, position)
  const line = before.split('\n').length
  const lineStart = before.lastIndexOf('\n') + 1
  const lineText = text.slice(lineStart).split('\n', 1)[0]!
  const margin = ' '.repeat(String(line).length)
  const mark = `${' '.repeat(position - lineStart)}^---`
  return [
    `${margin}--> ${line}:${position - lineStart + 1}`,
    `${margin} |`,
    `${line} | ${lineText}`,
    `${margin} | ${mark}`,
    `${margin} |`,
    `${margin} = ${message}`,
  ].join('\n')
}

function checkFields(expression: Expression, isStream: boolean): void {
  switch (expression.kind) {
    case 'and':
    case 'or':
      checkFields(expression.left, isStream)
      checkFields(expression.right, isStream)
      return
    case 'not':
      checkFields(expression.operand, isStream)
      return
    case 'predicate':
      checkPredicate(expression, isStream)
  }
}

function checkPredicate(predicate: Predicate, isStream: boolean): void {
  const { field: name, start } = predicate
  if (name.startsWith(SEGMENTS) && !isWellFormedSegment(name.slice(SEGMENTS.length)))
    throw new ExpressionFault('illformed http.path.segments.* field', start)
  const field = expressionField(name)
  if (field === undefined || (isStream && !isStreamField(name)))
    throw new ExpressionFault(`Unknown LHS field: ${name}`, start)
  if (predicate.isLowered && field.type !== 'text')
    throw new ExpressionFault(
      'lower-case transformation function only supported with String type fields',
      start,
    )
  const fault = operatorFault(predicate, field)
  if (fault !== undefined) throw new ExpressionFault(fault, predicate.valueStart)
}

function operatorFault(predicate: Predicate, { type }: ExpressionField): string | undefined {
  const { operator, value } = predicate
  if (operator === 'in' || operator === 'not in')
    return type === 'address' && value.kind === 'network'
      ? undefined
      : 'In/NotIn operators only supports IP in CIDR'
  if (type !== value.kind) return 'Type mismatch between the LHS and RHS values of predicate'
  const needed = NEEDED_TYPES.get(operator)
  if (needed !== undefined && needed !== type)
    return needed === 'text'
      ? 'Regex/Prefix/Postfix/Contains operators only supports string operands'
      : 'Greater/GreaterOrEqual/Less/LessOrEqual operators only supports integer operands'
  return operator === '~' && value.kind === 'text' ? regexFault(value.text) : undefined
}

/** The only type an operator goes with; those not listed go with all. */
const NEEDED_TYPES: ReadonlyMap<Operator, ExpressionField['type']> = new Map<
  Operator,
  ExpressionField['type']
>([
  ['~', 'text'],
  ['^=', 'text'],
  ['=^', 'text'],
  ['contains', 'text'],
  ['>', 'integer'],
  ['>=', 'integer'],
  ['<', 'integer'],
  ['<=', 'integer'],
])
