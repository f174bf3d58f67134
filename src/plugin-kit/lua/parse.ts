import type {
  BinaryOperator,
  Block,
  Expression,
  FunctionBody,
  Statement,
  TableField,
  Target,
} from './ast.ts'
import { LuaSyntaxError } from './lua-error.ts'
import { LocalNames } from './local-names.ts'
import { tokenize, type Token } from './tokens.ts'

/** Deeper nesting is made to hurt a parser. */
const MAX_NESTING = 100

/**
 * Reads a program. @returns its body as a function that takes a rest of arguments
 * @throws {LuaSyntaxError}
 */
export function parseLua(source: string): FunctionBody {
  try {
    return new Parser(tokenize(source)).program()
  } catch (error) {
    throw error instanceof LuaSyntaxError ? error.within(source) : error
  }
}

const PRECEDENCE: Readonly<Record<string, readonly [left: number, right: number]>> = {
  or: [1, 1],
  and: [2, 2],
  '<': [3, 3],
  '>': [3, 3],
  '<=': [3, 3],
  '>=': [3, 3],
  '~=': [3, 3],
  '==': [3, 3],
  '..': [5, 4],
  '+': [6, 6],
  '-': [6, 6],
  '*': [7, 7],
  '/': [7, 7],
  '%': [7, 7],
  '^': [10, 9],
}
const UNARY_PRECEDENCE = 8
const UNARY: ReadonlySet<string> = new Set(['not', '-', '#'])
const CONSTANTS: ReadonlyMap<string, undefined | boolean> = new Map<string, undefined | boolean>([
  ['nil', undefined],
  ['true', true],
  ['false', false],
])
const BLOCK_ENDS: ReadonlySet<string> = new Set(['end', 'else', 'elseif', 'until'])

class Parser {
  readonly #tokens: readonly Token[]
  #at = 0
  #nesting = 0
  readonly #names = new LocalNames()

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  program(): FunctionBody {
    this.#names.openFunction(true)
    const block = this.#block([])
    if (this.#token.kind !== 'end') throw this.#unexpected("'<eof>' expected")
    this.#names.closeFunction()
    return { parameterCount: 0, takesRest: true, block }
  }

  get #token(): Token {
    return this.#tokens[this.#at]!
  }

  #unexpected(wanted: string): LuaSyntaxError {
    const token = this.#token
    const near = token.kind === 'end' ? '<eof>' : 'raw' in token ? token.raw : token.text
    return new LuaSyntaxError(token.line, `${wanted} near '${near}'`)
  }

  #is(symbol: string): boolean {
    const token = this.#token
    return token.kind === 'symbol' && token.text === symbol
  }

  #accept(symbol: string): boolean {
    if (!this.#is(symbol)) return false
    this.#at += 1
    return true
  }

  #expect(symbol: string): void {
    if (!this.#accept(symbol)) throw this.#unexpected(`'${symbol}' expected`)
  }

  /** What closes something that an earlier line may have opened. */
  #close(symbol: string, opener: string, line: number): void {
    if (this.#accept(symbol)) return
    const place = this.#token.line === line ? '' : ` (to close '${opener}' at line ${line})`
    throw this.#unexpected(`'${symbol}' expected${place}`)
  }

  #name(): string {
    const token = this.#token
    if (token.kind !== 'name') throw this.#unexpected("'<name>' expected")
    this.#at += 1
    return token.text
  }

  /** A block with the given locals, up to what ends it. */
  #block(locals: readonly string[], beforeClose?: () => void): Block {
    this.#enter()
    this.#names.openBlock()
    for (const name of locals) this.#names.declare(name)
    const statements: Statement[] = []
    while (!this.#isBlockEnd()) {
      const statement = this.#statement()
      this.#accept(';')
      if (statement === undefined) continue
      statements.push(statement)
      if (statement.kind === 'return' || statement.kind === 'break') break
    }
    beforeClose?.()
    this.#names.closeBlock()
    this.#nesting -= 1
    return { statements }
  }

  #enter(): void {
    this.#nesting += 1
    if (this.#nesting > MAX_NESTING) throw new LuaSyntaxError(this.#token.line, 'nested too deep')
  }

  #isBlockEnd(): boolean {
    const token = this.#token
    return token.kind === 'end' || (token.kind === 'symbol' && BLOCK_ENDS.has(token.text))
  }

  #statement(): Statement | undefined {
    const token = this.#token
    const parse = token.kind === 'symbol' ? this.#statements.get(token.text) : undefined
    if (parse === undefined) return this.#callOrAssignment()
    this.#at += 1
    return parse(token.line)
  }

  readonly #statements: ReadonlyMap<string, (line: number) => Statement | undefined> = new Map<
    string,
    (line: number) => Statement | undefined
  >([
    [';', () => undefined],
    ['if', (line) => this.#if(line)],
    ['while', (line) => this.#while(line)],
    ['do', (line) => ({ kind: 'do', block: this.#blockToEnd([], 'do', line) })],
    ['for', (line) => this.#for(line)],
    ['repeat', (line) => this.#repeat(line)],
    ['function', (line) => this.#functionStatement(line)],
    ['local', () => this.#local()],
    ['return', () => this.#return()],
    ['break', () => ({ kind: 'break' })],
  ])

  #blockToEnd(locals: readonly string[], opener: string, line: number): Block {
    const block = this.#block(locals)
    this.#close('end', opener, line)
    return block
  }

  #if(line: number): Statement {
    const arms: { condition: Expression; block: Block }[] = []
    do {
      const condition = this.#expression()
      this.#expect('then')
      arms.push({ condition, block: this.#block([]) })
    } while (this.#accept('elseif'))
    const otherwise = this.#accept('else') ? this.#block([]) : undefined
    this.#close('end', 'if', line)
    return { kind: 'if', arms, otherwise }
  }

  #while(line: number): Statement {
    const condition = this.#expression()
    this.#expect('do')
    return { kind: 'while', condition, block: this.#blockToEnd([], 'while', line) }
  }

  #repeat(line: number): Statement {
    let condition: Expression | undefined
    const block = this.#block([], () => {
      this.#close('until', 'repeat', line)
      condition = this.#expression()
    })
    return { kind: 'repeat', block, condition: condition! }
  }

  #for(line: number): Statement {
    const names = [this.#name()]
    if (this.#accept('=')) {
      const from = this.#expression()
      this.#expect(',')
      const to = this.#expression()
      const step = this.#accept(',') ? this.#expression() : undefined
      this.#expect('do')
      return { kind: 'for', from, to, step, block: this.#blockToEnd(names, 'for', line) }
    }
    if (!this.#is(',') && !this.#is('in')) throw this.#unexpected("'=' or 'in' expected")
    while (this.#accept(',')) names.push(this.#name())
    this.#expect('in')
    const values = this.#expressions()
    this.#expect('do')
    return {
      kind: 'for-in',
      count: names.length,
      values,
      block: this.#blockToEnd(names, 'for', line),
    }
  }

  #functionStatement(line: number): Statement {
    let target: Target = this.#variable(this.#name(), line)
    let isMethod = false
    while (!isMethod && (this.#is('.') || this.#is(':'))) {
      isMethod = this.#accept(':')
      if (!isMethod) this.#expect('.')
      target = { kind: 'index', of: target, key: { kind: 'constant', value: this.#name() }, line }
    }
    const body = this.#functionBody(isMethod ? ['self'] : [], line)
    return { kind: 'assign', targets: [target], values: [{ kind: 'function', body }] }
  }

  #local(): Statement {
    const token = this.#token
    if (this.#accept('function')) {
      const index = this.#names.declare(this.#name())
      return { kind: 'local-function', index, body: this.#functionBody([], token.line) }
    }
    const names = [this.#name()]
    while (this.#accept(',')) names.push(this.#name())
    const values = this.#accept('=') ? this.#expressions() : []
    // Declared after the values, which still see what was there before.
    const [first = 0] = names.map((name) => this.#names.declare(name))
    return { kind: 'local', count: names.length, first, values }
  }

  #return(): Statement {
    const hasValues = !this.#isBlockEnd() && !this.#is(';')
    return { kind: 'return', values: hasValues ? this.#expressions() : [] }
  }

  #callOrAssignment(): Statement {
    const first = this.#suffixed()
    if (!this.#is('=') && !this.#is(',')) {
      if (first.kind === 'call') return { kind: 'call', call: first }
      this.#target(first)
      throw this.#unexpected("'=' expected")
    }
    // A call is a statement by itself, and nothing starts with what comes then.
    if (first.kind === 'call') throw this.#unexpected('unexpected symbol')
    const targets = [this.#target(first)]
    while (this.#accept(',')) targets.push(this.#target(this.#suffixed()))
    this.#expect('=')
    return { kind: 'assign', targets, values: this.#expressions() }
  }

  #target(expression: Expression): Target {
    if (expression.kind === 'local' || expression.kind === 'global' || expression.kind === 'index')
      return expression
    throw this.#unexpected('syntax error')
  }

  #expressions(): readonly Expression[] {
    const list = [this.#expression()]
    while (this.#accept(',')) list.push(this.#expression())
    return list
  }

  #expression(limit = 0): Expression {
    this.#enter()
    let left = this.#unary()
    for (;;) {
      const token = this.#token
      const precedence = token.kind === 'symbol' ? PRECEDENCE[token.text] : undefined
      if (token.kind !== 'symbol' || precedence === undefined || precedence[0] <= limit) break
      this.#at += 1
      const right = this.#expression(precedence[1])
      left =
        token.text === 'and' || token.text === 'or'
          ? { kind: token.text, left, right }
          : {
              kind: 'binary',
              operator: token.text as BinaryOperator,
              left,
              right,
              line: token.line,
            }
    }
    this.#nesting -= 1
    return left
  }

  #unary(): Expression {
    const token = this.#token
    if (token.kind !== 'symbol' || !UNARY.has(token.text)) return this.#simple()
    this.#at += 1
    const operator = token.text as 'not' | '-' | '#'
    return { kind: 'unary', operator, of: this.#expression(UNARY_PRECEDENCE), line: token.line }
  }

  #simple(): Expression {
    const token = this.#token
    if (token.kind === 'number') return this.#constant(token.value)
    if (token.kind === 'string') return this.#constant(token.text)
    if (token.kind !== 'symbol') return this.#suffixed()
    if (CONSTANTS.has(token.text)) return this.#constant(CONSTANTS.get(token.text))
    if (token.text === '{') return this.#table()
    if (this.#accept('function'))
      return { kind: 'function', body: this.#functionBody([], token.line) }
    if (!this.#accept('...')) return this.#suffixed()
    if (!this.#names.takesRest)
      throw new LuaSyntaxError(
        this.#token.line,
        "cannot use '...' outside a vararg function near '...'",
      )
    return { kind: 'rest' }
  }

  #constant(value: undefined | boolean | number | string): Expression {
    this.#at += 1
    return { kind: 'constant', value }
  }

  #variable(name: string, line: number): Target {
    const place = this.#names.find(name)
    return place === undefined ? { kind: 'global', name, line } : { kind: 'local', ...place, name }
  }

  /** A name or bracket with whatever is looked up in it or done with it. */
  #suffixed(): Expression {
    const { line } = this.#token
    let expression = this.#primary(line)
    for (;;) {
      if (this.#accept('.'))
        expression = { kind: 'index', of: expression, key: this.#constantName(), line }
      else if (this.#accept('[')) {
        expression = { kind: 'index', of: expression, key: this.#expression(), line }
        this.#expect(']')
      } else if (this.#accept(':'))
        expression = {
          kind: 'call',
          callee: expression,
          method: this.#name(),
          args: this.#args(),
          line,
        }
      else if (this.#isCall())
        expression = {
          kind: 'call',
          callee: expression,
          method: undefined,
          args: this.#args(),
          line,
        }
      else return expression
    }
  }

  #primary(line: number): Expression {
    if (!this.#accept('(')) {
      if (this.#token.kind !== 'name') throw this.#unexpected('unexpected symbol')
      return this.#variable(this.#name(), line)
    }
    const of = this.#expression()
    this.#close(')', '(', line)
    return { kind: 'single', of }
  }

  #constantName(): Expression {
    return { kind: 'constant', value: this.#name() }
  }

  #isCall(): boolean {
    return this.#is('(') || this.#is('{') || this.#token.kind === 'string'
  }

  #args(): readonly Expression[] {
    const token = this.#token
    if (token.kind === 'string') return [this.#constant(token.text)]
    if (this.#is('{')) return [this.#table()]
    if (!this.#accept('(')) throw this.#unexpected('function arguments expected')
    if (this.#accept(')')) return []
    const args = this.#expressions()
    this.#close(')', '(', token.line)
    return args
  }

  #table(): Expression {
    const { line } = this.#token
    this.#expect('{')
    const fields: TableField[] = []
    while (!this.#is('}')) {
      fields.push(this.#field())
      if (!this.#accept(',') && !this.#accept(';')) break
    }
    this.#close('}', '{', line)
    return { kind: 'table', fields }
  }

  #field(): TableField {
    if (this.#accept('[')) {
      const key = this.#expression()
      this.#expect(']')
      this.#expect('=')
      return { kind: 'pair', key, value: this.#expression() }
    }
    const following = this.#tokens[this.#at + 1]
    const isPair =
      this.#token.kind === 'name' && following?.kind === 'symbol' && following.text === '='
    if (!isPair) return { kind: 'item', value: this.#expression() }
    const key = this.#constantName()
    this.#expect('=')
    return { kind: 'pair', key, value: this.#expression() }
  }

  #functionBody(implicit: readonly string[], line: number): FunctionBody {
    this.#expect('(')
    const names = [...implicit]
    let takesRest = false
    if (!this.#is(')'))
      do {
        takesRest = this.#accept('...')
        if (takesRest) break
        if (this.#token.kind !== 'name') throw this.#unexpected("<name> or '...' expected")
        names.push(this.#name())
      } while (this.#accept(','))
    this.#expect(')')
    this.#names.openFunction(takesRest)
    const block = this.#blockToEnd(names, 'function', line)
    this.#names.closeFunction()
    return { parameterCount: names.length, takesRest, block }
  }
}
