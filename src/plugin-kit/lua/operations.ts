import type { BinaryOperator } from './ast.ts'
import { LuaError } from './lua-error.ts'
import type { Meter } from './meter.ts'
import {
  isTrue,
  LuaTable,
  toNumber,
  toText,
  typeName,
  type LuaFunction,
  type LuaValue,
} from './values.ts'

/** How values act on each other, metatables included. */
export class Operations {
  readonly meter: Meter
  /** Where methods of texts are found. */
  stringLibrary: LuaTable | undefined

  constructor(meter: Meter) {
    this.meter = meter
  }

  index(of: LuaValue, key: LuaValue, name = ''): LuaValue {
    if (typeof of === 'string') return this.stringLibrary?.get(key)
    if (!(of instanceof LuaTable))
      throw new LuaError(
        `attempt to index ${name === '' ? 'a' : `'${name}' (a`} ${typeName(of)} value${name === '' ? '' : ')'}`,
      )
    const value = of.get(key)
    if (value !== undefined || of.metatable === undefined) return value
    const fallback = of.metatable.get('__index')
    if (fallback === undefined) return undefined
    this.meter.step()
    if (typeof fallback === 'function') return this.call(fallback, [of, key])[0]
    return this.index(fallback, key)
  }

  setIndex(of: LuaValue, key: LuaValue, value: LuaValue): void {
    if (!(of instanceof LuaTable)) throw new LuaError(`attempt to index a ${typeName(of)} value`)
    const handler = of.metatable?.get('__newindex')
    if (handler === undefined || of.get(key) !== undefined) of.set(key, value)
    else if (typeof handler === 'function') this.call(handler, [of, key, value])
    else this.setIndex(handler, key, value)
  }

  call(callee: LuaValue, args: readonly LuaValue[], name = ''): readonly LuaValue[] {
    const target = this.#callable(callee, name)
    this.meter.enter()
    const results = typeof callee === 'function' ? target(args) : target([callee, ...args])
    this.meter.leave()
    return results
  }

  #callable(callee: LuaValue, name: string): LuaFunction {
    if (typeof callee === 'function') return callee
    const handler = callee instanceof LuaTable ? callee.metatable?.get('__call') : undefined
    if (typeof handler === 'function') return handler
    const what =
      name === '' ? `a ${typeName(callee)} value` : `'${name}' (a ${typeName(callee)} value)`
    throw new LuaError(`attempt to call ${what}`)
  }

  length(of: LuaValue): number {
    if (typeof of === 'string' || of instanceof LuaTable) return of.length
    throw new LuaError(`attempt to get length of a ${typeName(of)} value`)
  }

  negate(of: LuaValue): number {
    return -this.#number(of)
  }

  binary(operator: BinaryOperator, left: LuaValue, right: LuaValue): LuaValue {
    return BINARY[operator](this, left, right)
  }

  arithmetic(left: LuaValue, right: LuaValue, act: (a: number, b: number) => number): number {
    return act(this.#number(left), this.#number(right))
  }

  #number(value: LuaValue): number {
    const number = toNumber(value)
    if (number === undefined)
      throw new LuaError(`attempt to perform arithmetic on a ${typeName(value)} value`)
    return number
  }

  concatenate(left: LuaValue, right: LuaValue): string {
    for (const side of [left, right])
      if (typeof side !== 'string' && typeof side !== 'number')
        throw new LuaError(`attempt to concatenate a ${typeName(side)} value`)
    return this.meter.text(toText(left) + toText(right))
  }

  isEqual(left: LuaValue, right: LuaValue): boolean {
    if (left === right) return true
    if (!(left instanceof LuaTable) || !(right instanceof LuaTable)) return false
    const handler = left.metatable?.get('__eq')
    return typeof handler === 'function' && isTrue(this.call(handler, [left, right])[0])
  }

  isLess(left: LuaValue, right: LuaValue): boolean {
    if (typeof left === 'number' && typeof right === 'number') return left < right
    if (typeof left === 'string' && typeof right === 'string') return left < right
    throw new LuaError(`attempt to compare ${typeName(left)} with ${typeName(right)}`)
  }
}

type Act = (operations: Operations, left: LuaValue, right: LuaValue) => LuaValue

const BINARY: Readonly<Record<BinaryOperator, Act>> = {
  '+': (on, left, right) => on.arithmetic(left, right, (a, b) => a + b),
  '-': (on, left, right) => on.arithmetic(left, right, (a, b) => a - b),
  '*': (on, left, right) => on.arithmetic(left, right, (a, b) => a * b),
  '/': (on, left, right) => on.arithmetic(left, right, (a, b) => a / b),
  '%': (on, left, right) => on.arithmetic(left, right, (a, b) => a - Math.floor(a / b) * b),
  '^': (on, left, right) => on.arithmetic(left, right, (a, b) => a ** b),
  '..': (on, left, right) => on.concatenate(left, right),
  '==': (on, left, right) => on.isEqual(left, right),
  '~=': (on, left, right) => !on.isEqual(left, right),
  '<': (on, left, right) => on.isLess(left, right),
  '>': (on, left, right) => on.isLess(right, left),
  '<=': (on, left, right) => left === right || on.isLess(left, right),
  '>=': (on, left, right) => left === right || on.isLess(right, left),
}
