import { luaNumber } from '../../schema/lua-literal.ts'
import { LuaError } from './lua-error.ts'

/** `nil` is `undefined`. Strings are JavaScript's: lengths and positions count UTF-16 units. */
export type LuaValue = undefined | boolean | number | string | LuaTable | LuaFunction

export type LuaFunction = (args: readonly LuaValue[]) => readonly LuaValue[]

/** A table: values from 1 on without a hole lie in a list, all others in a map. */
export class LuaTable {
  metatable: LuaTable | undefined
  readonly #list: LuaValue[] = []
  readonly #map = new Map<LuaValue, LuaValue>()
  #keys: readonly LuaValue[] | undefined

  get(key: LuaValue): LuaValue {
    return isPlace(key, this.#list.length) ? this.#list[Number(key) - 1] : this.#map.get(key)
  }

  set(key: LuaValue, value: LuaValue): void {
    if (key === undefined) throw new LuaError('table index is nil')
    if (typeof key === 'number' && Number.isNaN(key)) throw new LuaError('table index is NaN')
    if (isPlace(key, this.#list.length)) this.#setInList(Number(key), value)
    else if (key === this.#list.length + 1 && value !== undefined) this.#push(value)
    else if (value === undefined) this.#map.delete(key)
    else {
      if (!this.#map.has(key)) this.#keys = undefined
      this.#map.set(key, value)
    }
  }

  get length(): number {
    return this.#list.length
  }

  /** The key after another one, `undefined` after the last. A key may be set to nil on the way. */
  next(key: LuaValue): LuaValue {
    this.#keys ??= [...this.#list.keys().map((index) => index + 1), ...this.#map.keys()]
    let at = key === undefined ? 0 : this.#positionAfter(key)
    while (at < this.#keys.length && this.get(this.#keys[at]) === undefined) at += 1
    return this.#keys[at]
  }

  /** All pairs, as they are now. */
  entries(): readonly (readonly [key: LuaValue, value: LuaValue])[] {
    const listed = this.#list.map((value, index) => [index + 1, value] as const)
    return [...listed, ...this.#map.entries()]
  }

  #positionAfter(key: LuaValue): number {
    // Positions of the list are known; a map's are searched from its start.
    if (typeof key === 'number' && this.#keys?.[key - 1] === key) return key
    return this.#keys!.indexOf(key) + 1
  }

  #push(value: LuaValue): void {
    this.#keys = undefined
    this.#list.push(value)
    this.#map.delete(this.#list.length)
    while (this.#map.has(this.#list.length + 1)) {
      const key = this.#list.length + 1
      this.#list.push(this.#map.get(key))
      this.#map.delete(key)
    }
  }

  #setInList(key: number, value: LuaValue): void {
    if (value !== undefined) {
      this.#list[key - 1] = value
      return
    }
    // What lies behind a hole is no longer part of the list.
    for (let index = this.#list.length; index > key; index -= 1)
      this.#map.set(index, this.#list[index - 1])
    this.#list.length = key - 1
  }
}

function isPlace(key: LuaValue, length: number): boolean {
  return typeof key === 'number' && key >= 1 && key <= length && Number.isInteger(key)
}

export function isTrue(value: LuaValue): boolean {
  return value !== undefined && value !== false
}

export function typeName(value: LuaValue): string {
  if (value === undefined) return 'nil'
  if (value instanceof LuaTable) return 'table'
  return typeof value
}

export function toText(value: LuaValue): string {
  if (value === undefined) return 'nil'
  if (typeof value === 'number') return luaNumber(value)
  if (value instanceof LuaTable) {
    const custom = value.metatable?.get('__tostring')
    return typeof custom === 'function' ? toText(custom([value])[0]) : 'table'
  }
  return typeof value === 'function' ? 'function' : String(value)
}

/** A number, or a text that is one; `undefined` for all else. */
export function toNumber(value: LuaValue): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  return /^[+-]?(?:0[xX][0-9A-Fa-f]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)$/.test(text)
    ? numberOf(text)
    : undefined
}

function numberOf(text: string): number {
  const isNegative = text.startsWith('-')
  const size = Number(text.replace(/^[+-]/, ''))
  return isNegative ? -size : size
}

/** A table of what JavaScript has: objects by name, lists from 1 on. `null` is left out. */
export function fromScript(value: unknown): LuaValue {
  if (value === null || value === undefined) return undefined
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string')
    return value
  if (Array.isArray(value)) return listTable(value.map(fromScript))
  if (typeof value !== 'object') return undefined
  const table = new LuaTable()
  for (const [name, member] of Object.entries(value)) table.set(name, fromScript(member))
  return table
}

export function listTable(values: readonly LuaValue[]): LuaTable {
  const table = new LuaTable()
  for (const [index, value] of values.entries()) table.set(index + 1, value)
  return table
}

const MAX_DEPTH = 32

/** What JavaScript makes of a value: a table that is a list becomes one. Functions are left out. */
export function toScript(value: LuaValue, depth = 0): unknown {
  if (!(value instanceof LuaTable)) return typeof value === 'function' ? undefined : value
  if (depth > MAX_DEPTH) throw new LuaError('table is nested too deep')
  const entries = value.entries()
  if (entries.length > 0 && entries.length === value.length)
    return entries.map(([, member]) => toScript(member, depth + 1))
  return Object.fromEntries(
    entries.map(([key, member]) => [toText(key), toScript(member, depth + 1)]),
  )
}
