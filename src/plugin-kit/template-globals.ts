import { toByteString } from '../base/buffer-slices.ts'
import type { QueryPair } from '../http/query.ts'
import { queryAsObject } from './as-object.ts'
import type { Exchange } from './exchange.ts'
import { headersTable, lookupTable } from './lua/exchange-tables.ts'
import { LuaError } from './lua/lua-error.ts'
import { fromScript, LuaTable, toText } from './lua/values.ts'

/**
 * What templates see: the request as the client sent it, and what other plugins share. Texts of the
 * request are strings of bytes, as in Lua, so that headers, arguments and captures can be joined.
 */
export function templateGlobals({ request, captures, shared }: Exchange): LuaTable {
  const globals = new LuaTable()
  globals.set('headers', headersTable(request.headers()))
  globals.set('query_params', queryTable(request.query()))
  globals.set('uri_captures', capturesTable(captures))
  globals.set(
    'shared',
    lookupTable(
      (key) => fromScript(shared.get(toText(key))),
      () => {
        throw new LuaError('cannot modify a read-only table')
      },
    ),
  )
  return globals
}

function queryTable(pairs: readonly QueryPair[]): LuaTable {
  const bytes = pairs.map(
    ([name, value]) =>
      [toByteString(name), typeof value === 'string' ? toByteString(value) : value] as const,
  )
  return fromScript(queryAsObject(bytes)) as LuaTable
}

function capturesTable(captures: Exchange['captures']): LuaTable {
  const table = new LuaTable()
  for (const [index, text] of (captures?.unnamed ?? []).entries()) table.set(index, text)
  for (const [name, text] of Object.entries(captures?.named ?? {})) table.set(name, text)
  return table
}
