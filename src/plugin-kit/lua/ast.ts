/** A program as a tree. Local variables are known by their place: blocks outward, then position. */

export type Expression =
  | { readonly kind: 'constant'; readonly value: undefined | boolean | number | string }
  | {
      readonly kind: 'local'
      readonly depth: number
      readonly index: number
      readonly name: string
    }
  | { readonly kind: 'global'; readonly name: string; readonly line: number }
  | { readonly kind: 'rest' }
  | {
      readonly kind: 'index'
      readonly of: Expression
      readonly key: Expression
      readonly line: number
    }
  | {
      readonly kind: 'call'
      readonly callee: Expression
      /** Name of a method: the callee is its object, handed over as the first argument. */
      readonly method: string | undefined
      readonly args: readonly Expression[]
      readonly line: number
    }
  | { readonly kind: 'function'; readonly body: FunctionBody }
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: 'binary'
      readonly operator: BinaryOperator
      readonly left: Expression
      readonly right: Expression
      readonly line: number
    }
  | {
      readonly kind: 'unary'
      readonly operator: 'not' | '-' | '#'
      readonly of: Expression
      readonly line: number
    }
  | { readonly kind: 'table'; readonly fields: readonly TableField[] }
  /** Cuts a list of values down to its first. */
  | { readonly kind: 'single'; readonly of: Expression }

export type BinaryOperator =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '^'
  | '..'
  | '=='
  | '~='
  | '<'
  | '<='
  | '>'
  | '>='

export type TableField =
  | { readonly kind: 'item'; readonly value: Expression }
  | { readonly kind: 'pair'; readonly key: Expression; readonly value: Expression }

export interface FunctionBody {
  readonly parameterCount: number
  readonly takesRest: boolean
  readonly block: Block
}

export interface Block {
  readonly statements: readonly Statement[]
}

export type Target = Extract<Expression, { readonly kind: 'local' | 'global' | 'index' }>

export type Statement =
  | {
      readonly kind: 'local'
      readonly count: number
      readonly first: number
      readonly values: readonly Expression[]
    }
  /** A function that can call itself by its name. */
  | { readonly kind: 'local-function'; readonly index: number; readonly body: FunctionBody }
  | {
      readonly kind: 'assign'
      readonly targets: readonly Target[]
      readonly values: readonly Expression[]
    }
  | { readonly kind: 'call'; readonly call: Expression }
  | { readonly kind: 'do'; readonly block: Block }
  | { readonly kind: 'while'; readonly condition: Expression; readonly block: Block }
  /** The condition sees the locals of the block. */
  | { readonly kind: 'repeat'; readonly block: Block; readonly condition: Expression }
  | {
      readonly kind: 'if'
      readonly arms: readonly { readonly condition: Expression; readonly block: Block }[]
      readonly otherwise: Block | undefined
    }
  | {
      readonly kind: 'for'
      readonly from: Expression
      readonly to: Expression
      readonly step: Expression | undefined
      readonly block: Block
    }
  | {
      readonly kind: 'for-in'
      readonly count: number
      readonly values: readonly Expression[]
      readonly block: Block
    }
  | { readonly kind: 'return'; readonly values: readonly Expression[] }
  | { readonly kind: 'break' }
