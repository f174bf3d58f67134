/** A parsed expression. Positions are offsets into its text. */
export type Expression = Junction | Negation | Predicate

export interface Junction {
  readonly kind: 'and' | 'or'
  readonly left: Expression
  readonly right: Expression
}

export interface Negation {
  readonly kind: 'not'
  readonly operand: Expression
}

/** One comparison of a field with a value. */
export interface Predicate {
  readonly kind: 'predicate'
  readonly field: string
  /** `lower(…)` around the field. */
  readonly isLowered: boolean
  /** `any(…)` around the field: one of its values suffices, else all must fit. */
  readonly isAny: boolean
  readonly operator: Operator
  readonly value: Value
  readonly start: number
  readonly valueStart: number
  readonly end: number
}

export type Operator =
  | '=='
  | '!='
  | '~'
  | '^='
  | '=^'
  | '>='
  | '>'
  | '<='
  | '<'
  | 'in'
  | 'not in'
  | 'contains'

export type Value =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'integer'; readonly number: bigint }
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'network'; readonly network: string }

/** Why a text is no expression. */
export class ExpressionFault extends Error {
  readonly position: number

  constructor(message: string, position: number) {
    super(message)
    this.position = position
  }
}
