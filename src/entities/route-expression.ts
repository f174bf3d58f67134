import { integer, string } from '../schema/field.ts'
import type { EntityCheck, Fields } from '../schema/field.ts'
import type { Protocol } from './entity.ts'

export interface ExpressionRules {
  /** @returns why the router cannot compile an expression for these protocols */
  readonly checkExpression?:
    | ((text: string, protocols: readonly Protocol[]) => string | undefined)
    | undefined
}

/** Fields of the router flavour `expressions`. */
export const EXPRESSION_FIELDS: Fields = {
  expression: string({
    description:
      'Use Router Expression to perform route match. This option is only available when `router_flavor` is set to `expressions`.',
  }),
  priority: integer({
    description:
      'A number used to specify the matching order for expression routes. The higher the `priority`, the sooner an route will be evaluated. This field is ignored unless `expression` field is set.',
    between: [0, 2 ** 46 - 1],
    required: true,
    default: 0,
  }),
}

const MATCHERS = ['methods', 'hosts', 'paths', 'headers', 'snis', 'sources', 'destinations']

export const EXPRESSION_FAULT = 'Router Expression failed validation: '
const LISTED = "'methods', 'hosts', 'paths', 'headers', 'snis', 'sources' or 'destinations'"

/** An expression stands alone: it and the fields of other flavours exclude each other. */
export function expressionChecks({ checkExpression }: ExpressionRules): readonly EntityCheck[] {
  return [
    {
      custom_entity_check: {
        field_sources: ['expression', 'priority', 'regex_priority', 'protocols', ...MATCHERS],
        run_with_missing_fields: true,
        fn: (route) => {
          const mixed = mixedFault(route)
          if (mixed !== undefined) return EXPRESSION_FAULT + mixed
          const { expression, protocols } = route
          if (expression === undefined) return undefined
          const fault = checkExpression?.(expression, protocols ?? [])
          return fault === undefined ? undefined : EXPRESSION_FAULT + fault
        },
      },
    },
  ]
}

function mixedFault(route: Readonly<Record<string, unknown>>): string | undefined {
  const hasMatchers = MATCHERS.some((name) => isSet(route[name]))
  const { expression, priority, regex_priority: regexPriority } = route
  if (typeof expression === 'string') {
    if (hasMatchers) return `cannot set 'expression' with ${LISTED} simultaneously`
    if (typeof regexPriority === 'number' && regexPriority !== 0)
      return "cannot set 'regex_priority' with 'expression' simultaneously"
    return /http\.path\.segments\.(?!len\b|\d+(?:_\d+)?\b)/.test(expression)
      ? 'illformed http.path.segments.* field'
      : undefined
  }
  return hasMatchers && typeof priority === 'number' && priority !== 0
    ? `cannot set 'priority' with ${LISTED} simultaneously`
    : undefined
}

function isSet(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0
}
