import { LuaError } from './lua-error.ts'
import { LuaTable, toNumber, toText, typeName, type LuaFunction, type LuaValue } from './values.ts'

/** The arguments of a library function, checked as they are read. */
export class Arguments {
  readonly values: readonly LuaValue[]
  readonly #name: string

  constructor(values: readonly LuaValue[], name: string) {
    this.values = values
    this.#name = name
  }

  text(index: number, otherwise?: string): string {
    const value = this.values[index]
    if (value === undefined && otherwise !== undefined) return otherwise
    if (typeof value === 'string') return value
    if (typeof value === 'number') return toText(value)
    throw this.#wrong(index, 'string')
  }

  number(index: number, otherwise?: number): number {
    const value = this.values[index]
    if (value === undefined && otherwise !== undefined) return otherwise
    const number = toNumber(value)
    if (number === undefined) throw this.#wrong(index, 'number')
    return number
  }

  integer(index: number, otherwise?: number): number {
    return Math.trunc(this.number(index, otherwise))
  }

  table(index: number): LuaTable {
    const value = this.values[index]
    if (value instanceof LuaTable) return value
    throw this.#wrong(index, 'table')
  }

  function(index: number): LuaFunction {
    const value = this.values[index]
    if (typeof value === 'function') return value
    throw this.#wrong(index, 'function')
  }

  any(index: number): LuaValue {
    return this.values[index]
  }

  #wrong(index: number, wanted: string): LuaError {
    const value = this.values[index]
    const given = value === undefined ? 'no value' : typeName(value)
    return new LuaError(
      `bad argument #${index + 1} to '${this.#name}' (${wanted} expected, got ${given})`,
    )
  }
}

/** What a library function gives back: one value, several, or none. */
type Result = LuaValue | void | readonly LuaValue[]
export type LibraryFunction = (args: Arguments) => Result

/** A table of functions written in JavaScript. */
export function libraryTable(
  functions: Readonly<Record<string, LibraryFunction>>,
  constants: Readonly<Record<string, LuaValue>> = {},
): LuaTable {
  const table = new LuaTable()
  for (const [name, act] of Object.entries(functions)) table.set(name, luaFunction(name, act))
  for (const [name, value] of Object.entries(constants)) table.set(name, value)
  return table
}

export function luaFunction(name: string, act: LibraryFunction): LuaFunction {
  return (values) => {
    const result = act(new Arguments(values, name))
    return Array.isArray(result) ? (result as readonly LuaValue[]) : [result as LuaValue]
  }
}
