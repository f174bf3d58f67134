import { map, string, type Field } from '../schema/field.ts'
import type { Exchange } from './exchange.ts'
import { kongGlobals } from './lua/kong-table.ts'
import { compileLua } from './lua/lua-program.ts'
import { toScript } from './lua/values.ts'
import type { NodeServices } from './plugin.ts'

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

/**
 * Adds computed fields to the log of an exchange; `nil` takes a field out. Code that fails leaves its
 * field alone, and the log is written all the same.
 */
export function customLogFields(
  fields: Readonly<Record<string, string>> | undefined,
  node: NodeServices,
): (exchange: Exchange) => void {
  const programs = Object.entries(fields ?? {}).map(
    ([key, code]) => [key, compileLua(code, () => node.now())] as const,
  )
  if (programs.length === 0) return () => undefined
  const isForbidden = node.setting('untrusted_lua') === 'off'
  return (exchange) => {
    if (isForbidden)
      return node.log.error('custom_fields_by_lua: Lua is switched off (untrusted_lua)')
    const globals = kongGlobals(exchange, node)
    for (const [key, program] of programs)
      try {
        exchange.setLogValue(key, toScript(program.run(globals)[0]))
      } catch (error) {
        node.log.error(`custom_fields_by_lua: the code for "${key}" failed`, error)
      }
  }
}
