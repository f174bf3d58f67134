import { queryAsObject } from './as-object.ts'
import type { Exchange } from './exchange.ts'
import { headersTable, lookupTable } from './lua/exchange-tables.ts'
import { LuaError } from './lua/lua-error.ts'
import { fromScript, LuaTable, toText } from './lua/values.ts'
import { argumentsAsBytes } from './query-arguments.ts'

/**
 * What templates see: the request as earlier plugins left it, with the consumer in its headers, and
 * what they share. Texts of the request are strings of bytes, as in Lua, so that headers, arguments
 * and captures can be joined.
 */
export function templateGlobals({ upstream, captures, shared }: Exchange): LuaTable {
  const globals = new LuaTable()
  globals.set('headers', headersTable(upstream.headers()))
  globals.set('query_params', fromScript(queryAsObject(argumentsAsBytes(upstream.rawQuery))))
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

function capturesTable(captures: Exchange['captures']): LuaTable {
  const table = new LuaTable()
  for (const [index, text] of (captures?.unnamed ?? []).entries()) table.set(index, text)
  for (const [name, text] of Object.entries(captures?.named ?? {})) table.set(name, text)
  return table
}
