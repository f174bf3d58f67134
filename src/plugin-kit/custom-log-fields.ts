import { map, string, type Field } from '../schema/field.ts'
import type { Exchange } from './exchange.ts'
import { logEntry } from './log-entry.ts'
import { kongGlobals } from './lua/kong-table.ts'
import { compileLua } from './lua/lua-program.ts'
import { sessionGlobals } from './lua/session-table.ts'
import { toScript, type LuaTable } from './lua/values.ts'
import type { NodeServices } from './plugin.ts'
import { sessionLogEntry } from './session-log-entry.ts'
import type { StreamSession } from './stream-session.ts'

/** Fields of a log entry that operators compute. */
export const customFieldsByLua: Field<Readonly<Record<string, string>> | undefined> = map(
  string({ len_min: 1 }),
  string({ len_min: 1, custom_validator: codeFault }),
  { description: 'Lua code as a key-value map' },
)

function codeFault(code: string): string | undefined {
  try {
    compileLua(code)
    return undefined
  } catch (error) {
    return `error parsing function: ${(error as Error).message}`
  }
}

/** What a logging plugin sends, as JSON in one line. */
export interface LogTexts {
  of(exchange: Exchange): string
  ofSession(session: StreamSession): string
}

/**
 * Makes the texts of a logging plugin, with the fields that its operator computes; `nil` takes a
 * field out. Code that fails leaves its field alone, and the log is written all the same.
 */
export function logTexts(
  fields: Readonly<Record<string, string>> | undefined,
  node: NodeServices,
): LogTexts {
  const addTo = fieldComputer(fields, node)
  return {
    of(exchange) {
      addTo?.(exchange, () => kongGlobals(exchange, node))
      return JSON.stringify(logEntry(exchange))
    },
    ofSession(session) {
      addTo?.(session, () => sessionGlobals(session, node))
      return JSON.stringify(sessionLogEntry(session))
    },
  }
}

type Logged = Pick<Exchange, 'setLogValue'>

function fieldComputer(
  fields: Readonly<Record<string, string>> | undefined,
  node: NodeServices,
): ((logged: Logged, globalsOf: () => LuaTable) => void) | undefined {
  const programs = Object.entries(fields ?? {}).map(
    ([key, code]) => [key, compileLua(code, () => node.now())] as const,
  )
  if (programs.length === 0) return undefined
  const isForbidden = node.setting('untrusted_lua') === 'off'
  return (logged, globalsOf) => {
    if (isForbidden)
      return node.log.error('custom_fields_by_lua: Lua is switched off (untrusted_lua)')
    const globals = globalsOf()
    for (const [key, program] of programs)
      try {
        logged.setLogValue(key, toScript(program.run(globals)[0]))
      } catch (error) {
        node.log.error(`custom_fields_by_lua: the code for "${key}" failed`, error)
      }
  }
}
