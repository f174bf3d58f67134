import { headersAsObject, queryAsObject } from '../../plugin-kit/as-object.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import { LuaError } from '../../plugin-kit/lua/lua-error.ts'
import { fromScript, LuaTable, toText, type LuaValue } from '../../plugin-kit/lua/values.ts'

/** What templates see: the request as the client sent it, and what other plugins share. */
export function templateGlobals({ request, captures, shared }: Exchange): LuaTable {
  const globals = new LuaTable()
  globals.set('headers', headersTable(headersAsObject(request.headers())))
  globals.set('query_params', fromScript(queryAsObject(request.query())))
  globals.set('uri_captures', capturesTable(captures))
  globals.set(
    'shared',
    readOnly((key) => fromScript(shared.get(toText(key)))),
  )
  return globals
}

/** Found in any case, and with `_` for `-`. */
function headersTable(headers: Readonly<Record<string, string | string[]>>): LuaTable {
  const table = fromScript(headers) as LuaTable
  table.metatable = new LuaTable()
  table.metatable.set('__index', ([, key]) => {
    if (typeof key !== 'string') return []
    const name = key.toLowerCase()
    const found = headers[name] ?? headers[name.replaceAll('_', '-')]
    return [fromScript(found)]
  })
  return table
}

function capturesTable(captures: Exchange['captures']): LuaTable {
  const table = new LuaTable()
  for (const [index, text] of (captures?.unnamed ?? []).entries()) table.set(index, text)
  for (const [name, text] of Object.entries(captures?.named ?? {})) table.set(name, text)
  return table
}

function readOnly(lookup: (key: LuaValue) => LuaValue): LuaTable {
  const table = new LuaTable()
  table.metatable = new LuaTable()
  table.metatable.set('__index', ([, key]) => [lookup(key)])
  table.metatable.set('__newindex', () => {
    throw new LuaError('cannot modify a read-only table')
  })
  return table
}
