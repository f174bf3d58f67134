import type { Block, Expression, FunctionBody, Statement, TableField, Target } from './ast.ts'
import { LuaError } from './lua-error.ts'
import type { Operations } from './operations.ts'
import { isTrue, LuaTable, toNumber, type LuaFunction, type LuaValue } from './values.ts'

/** The locals of one running block. */
interface Scope {
  readonly values: LuaValue[]
  readonly parent: Scope | undefined
  /** The further arguments of the function it belongs to. */
  readonly rest: readonly LuaValue[]
}

type Evaluate = (scope: Scope) => LuaValue
type EvaluateAll = (scope: Scope) => readonly LuaValue[]
/** What a statement came to: going on, leaving a loop, or returning. */
type Outcome = undefined | 'break' | readonly LuaValue[]
type Run = (scope: Scope) => Outcome

/** Makes functions of a tree: what can be decided once is, and running it only calls. */
export class LuaCompiler {
  readonly #on: Operations
  readonly #globals: LuaTable

  constructor(operations: Operations, globals: LuaTable) {
    this.#on = operations
    this.#globals = globals
  }

  /** @returns the program as a function */
  program(body: FunctionBody): LuaFunction {
    return this.#function(body)(undefined)
  }

  #function(body: FunctionBody): (parent: Scope | undefined) => LuaFunction {
    const run = this.#statements(body.block.statements)
    const { parameterCount: count, takesRest } = body
    return (parent) => (args) => {
      const values = args.slice(0, count)
      while (values.length < count) values.push(undefined)
      const outcome = run({ values, parent, rest: takesRest ? args.slice(count) : [] })
      return Array.isArray(outcome) ? (outcome as readonly LuaValue[]) : []
    }
  }

  #block(block: Block): (scope: Scope, values: LuaValue[]) => Outcome {
    const run = this.#statements(block.statements)
    return (scope, values) => run({ values, parent: scope, rest: scope.rest })
  }

  #statements(statements: readonly Statement[]): Run {
    const runs = statements.map((statement) => this.#statement(statement))
    const { meter } = this.#on
    return (scope) => {
      for (const run of runs) {
        meter.step()
        const outcome = run(scope)
        if (outcome !== undefined) return outcome
      }
      return undefined
    }
  }

  // oxlint-disable-next-line complexity -- one case a kind of statement
  #statement(statement: Statement): Run {
    switch (statement.kind) {
      case 'local':
        return this.#local(statement)
      case 'local-function':
        return this.#localFunction(statement)
      case 'assign':
        return this.#assign(statement)
      case 'call': {
        const call = this.#all(statement.call)
        return (scope) => void call(scope)
      }
      case 'do': {
        const block = this.#block(statement.block)
        return (scope) => block(scope, [])
      }
      case 'return': {
        const values = this.#list(statement.values)
        return (scope) => values(scope)
      }
      case 'break':
        return () => 'break'
      case 'if':
        return this.#if(statement)
      case 'while':
      case 'repeat':
      case 'for':
      case 'for-in':
        return this.#loop(statement)
    }
  }

  #loop(statement: Extract<Statement, { kind: 'while' | 'repeat' | 'for' | 'for-in' }>): Run {
    switch (statement.kind) {
      case 'while':
        return this.#while(statement)
      case 'repeat':
        return this.#repeat(statement)
      case 'for':
        return this.#for(statement)
      case 'for-in':
        return this.#forIn(statement)
    }
  }

  #local({ count, first, values }: Extract<Statement, { kind: 'local' }>): Run {
    const evaluate = this.#list(values)
    return (scope) => {
      const found = evaluate(scope)
      for (let index = 0; index < count; index += 1) scope.values[first + index] = found[index]
      return undefined
    }
  }

  #localFunction({ index, body }: Extract<Statement, { kind: 'local-function' }>): Run {
    const make = this.#function(body)
    return (scope) => {
      scope.values[index] = make(scope)
      return undefined
    }
  }

  #assign({ targets, values }: Extract<Statement, { kind: 'assign' }>): Run {
    const setters = targets.map((target) => this.#setter(target))
    const evaluate = this.#list(values)
    return (scope) => {
      const found = evaluate(scope)
      for (const [index, set] of setters.entries()) set(scope, found[index])
      return undefined
    }
  }

  #setter(target: Target): (scope: Scope, value: LuaValue) => void {
    if (target.kind === 'local')
      return (scope, value) => {
        at(scope, target.depth).values[target.index] = value
      }
    if (target.kind === 'global')
      return (_, value) => this.#on.setIndex(this.#globals, target.name, value)
    const of = this.#one(target.of)
    const key = this.#one(target.key)
    return (scope, value) => this.#on.setIndex(of(scope), key(scope), value)
  }

  #if({ arms, otherwise }: Extract<Statement, { kind: 'if' }>): Run {
    const compiled = arms.map(({ condition, block }) => ({
      condition: this.#one(condition),
      block: this.#block(block),
    }))
    const last = otherwise && this.#block(otherwise)
    return (scope) => {
      for (const { condition, block } of compiled)
        if (isTrue(condition(scope))) return block(scope, [])
      return last?.(scope, [])
    }
  }

  #while(statement: Extract<Statement, { kind: 'while' }>): Run {
    const condition = this.#one(statement.condition)
    const block = this.#block(statement.block)
    return (scope) => {
      while (isTrue(condition(scope))) {
        this.#on.meter.step()
        const outcome = block(scope, [])
        if (outcome === 'break') break
        if (outcome !== undefined) return outcome
      }
      return undefined
    }
  }

  #repeat(statement: Extract<Statement, { kind: 'repeat' }>): Run {
    const run = this.#statements(statement.block.statements)
    const condition = this.#one(statement.condition)
    return (parent) => {
      for (;;) {
        this.#on.meter.step()
        const scope: Scope = { values: [], parent, rest: parent.rest }
        const outcome = run(scope)
        if (outcome === 'break') return undefined
        if (outcome !== undefined) return outcome
        if (isTrue(condition(scope))) return undefined
      }
    }
  }

  #for(statement: Extract<Statement, { kind: 'for' }>): Run {
    const from = this.#one(statement.from)
    const to = this.#one(statement.to)
    const step = statement.step && this.#one(statement.step)
    const block = this.#block(statement.block)
    return (scope) => {
      const first = bound(from(scope), 'initial')
      const last = bound(to(scope), 'limit')
      const by = step === undefined ? 1 : bound(step(scope), 'step')
      for (let value = first; by > 0 ? value <= last : value >= last; value += by) {
        this.#on.meter.step()
        const outcome = block(scope, [value])
        if (outcome === 'break') break
        if (outcome !== undefined) return outcome
      }
      return undefined
    }
  }

  #forIn(statement: Extract<Statement, { kind: 'for-in' }>): Run {
    const evaluate = this.#list(statement.values)
    const block = this.#block(statement.block)
    const { count } = statement
    return (scope) => {
      const [iterator, state, initial] = evaluate(scope)
      let control = initial
      for (;;) {
        const found = this.#on.call(iterator, [state, control])
        control = found[0]
        if (control === undefined) return undefined
        const outcome = block(
          scope,
          Array.from({ length: count }, (_, index) => found[index]),
        )
        if (outcome === 'break') return undefined
        if (outcome !== undefined) return outcome
      }
    }
  }

  /** The values of several expressions; the last may have any number. */
  #list(expressions: readonly Expression[]): EvaluateAll {
    const last = expressions.at(-1)
    if (last === undefined) return () => []
    const firsts = expressions.slice(0, -1).map((expression) => this.#one(expression))
    if (!isMultiple(last)) {
      const all = [...firsts, this.#one(last)]
      return (scope) => all.map((evaluate) => evaluate(scope))
    }
    const rest = this.#all(last)
    return (scope) => [...firsts.map((evaluate) => evaluate(scope)), ...rest(scope)]
  }

  #all(expression: Expression): EvaluateAll {
    if (expression.kind === 'rest') return (scope) => scope.rest
    if (expression.kind === 'call') return this.#call(expression)
    const one = this.#one(expression)
    return (scope) => [one(scope)]
  }

  #call(expression: Extract<Expression, { kind: 'call' }>): EvaluateAll {
    const callee = this.#one(expression.callee)
    const args = this.#list(expression.args)
    const { method } = expression
    if (method === undefined) {
      const name = nameOf(expression.callee)
      return (scope) => this.#on.call(callee(scope), args(scope), name)
    }
    return (scope) => {
      const self = callee(scope)
      return this.#on.call(this.#on.index(self, method), [self, ...args(scope)], method)
    }
  }

  // oxlint-disable-next-line complexity -- one case a kind of expression
  #one(expression: Expression): Evaluate {
    switch (expression.kind) {
      case 'constant': {
        const { value } = expression
        return () => value
      }
      case 'local':
        return (scope) => at(scope, expression.depth).values[expression.index]
      case 'global':
        return () => this.#on.index(this.#globals, expression.name)
      case 'rest':
        return (scope) => scope.rest[0]
      case 'single':
        return this.#one(expression.of)
      case 'function': {
        const make = this.#function(expression.body)
        return (scope) => make(scope)
      }
      case 'table':
        return this.#table(expression.fields)
      case 'call': {
        const call = this.#call(expression)
        return (scope) => call(scope)[0]
      }
      case 'index':
      case 'and':
      case 'or':
      case 'binary':
      case 'unary':
        return this.#operation(expression)
    }
  }

  #operation(
    expression: Extract<Expression, { kind: 'index' | 'and' | 'or' | 'binary' | 'unary' }>,
  ): Evaluate {
    switch (expression.kind) {
      case 'index': {
        const of = this.#one(expression.of)
        const key = this.#one(expression.key)
        const name = nameOf(expression.of)
        return (scope) => this.#on.index(of(scope), key(scope), name)
      }
      case 'unary':
        return this.#unary(expression)
      case 'binary': {
        const [left, right] = [this.#one(expression.left), this.#one(expression.right)]
        return (scope) => this.#on.binary(expression.operator, left(scope), right(scope))
      }
      case 'and':
      case 'or': {
        const [left, right] = [this.#one(expression.left), this.#one(expression.right)]
        const endsOn = expression.kind === 'or'
        return (scope) => {
          const value = left(scope)
          return isTrue(value) === endsOn ? value : right(scope)
        }
      }
    }
  }

  #unary({ operator, of }: Extract<Expression, { kind: 'unary' }>): Evaluate {
    const value = this.#one(of)
    switch (operator) {
      case 'not':
        return (scope) => !isTrue(value(scope))
      case '-':
        return (scope) => this.#on.negate(value(scope))
      case '#':
        return (scope) => this.#on.length(value(scope))
    }
  }

  #table(fields: readonly TableField[]): Evaluate {
    const items = fields.flatMap((field) => (field.kind === 'item' ? [field.value] : []))
    const list = this.#list(items)
    const pairs = fields.flatMap((field) =>
      field.kind === 'pair' ? [[this.#one(field.key), this.#one(field.value)] as const] : [],
    )
    return (scope) => {
      const table = new LuaTable()
      for (const [index, value] of list(scope).entries()) table.set(index + 1, value)
      for (const [key, value] of pairs) table.set(key(scope), value(scope))
      return table
    }
  }
}

function at(scope: Scope, depth: number): Scope {
  let found = scope
  for (let up = 0; up < depth; up += 1) found = found.parent!
  return found
}

function isMultiple(expression: Expression): boolean {
  return expression.kind === 'call' || expression.kind === 'rest'
}

/** What a message may call a value. */
function nameOf(expression: Expression): string {
  if (expression.kind === 'global' || expression.kind === 'local') return expression.name
  if (expression.kind !== 'index' || expression.key.kind !== 'constant') return ''
  return String(expression.key.value)
}

function bound(value: LuaValue, what: string): number {
  const number = toNumber(value)
  if (number === undefined) throw new LuaError(`'for' ${what} value must be a number`)
  return number
}
