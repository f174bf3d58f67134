import type { QueryPair } from '../../http/query.ts'
import { headersAsBytes, queryAsObject } from '../as-object.ts'
import { fromScript, LuaTable, type LuaValue } from './values.ts'

/** Header lines as a table; found in any case, and with `_` for `-`. */
export function headersTable(
  headers: readonly (readonly [name: string, value: string])[],
): LuaTable {
  const byName = headersAsBytes(headers)
  const table = fromScript(byName) as LuaTable
  table.metatable = new LuaTable()
  table.metatable.set('__index', ([, key]) => {
    if (typeof key !== 'string') return []
    const name = key.toLowerCase()
    return [fromScript(byName[name] ?? byName[name.replaceAll('_', '-')])]
  })
  return table
}

/** Query arguments as a table; a list for a repeated one. */
export function queryTable(pairs: readonly QueryPair[]): LuaTable {
  return fromScript(queryAsObject(pairs)) as LuaTable
}

/** A table whose members are looked up, and that cannot be changed. */
export function lookupTable(
  lookup: (key: LuaValue) => LuaValue,
  change: (key: LuaValue, value: LuaValue) => void,
): LuaTable {
  const table = new LuaTable()
  table.metatable = new LuaTable()
  table.metatable.set('__index', ([, key]) => [lookup(key)])
  table.metatable.set('__newindex', ([, key, value]) => {
    change(key, value)
    return []
  })
  return table
}
