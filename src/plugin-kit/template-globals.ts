import type { Exchange } from './exchange.ts'
import { headersTable, lookupTable, queryTable } from './lua/exchange-tables.ts'
import { LuaError } from './lua/lua-error.ts'
import { fromScript, LuaTable, toText } from './lua/values.ts'

/** What templates see: the request as the client sent it, and what other plugins share. */
export function templateGlobals({ request, captures, shared }: Exchange): LuaTable {
  const globals = new LuaTable()
  globals.set('headers', headersTable(request.headers()))
  globals.set('query_params', queryTable(request))
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
