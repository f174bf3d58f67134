import { isJsonObject, type JsonObject } from '../../base/json.ts'
import { luaText } from '../../schema/lua-literal.ts'
import type { Entry } from './compose.ts'
import { YamlFault } from './token.ts'

/**
 * Takes over the members of the mappings behind `<<`. What the mapping says itself wins, and of
 * several mappings the earlier one.
 *
 * @param map changed in place
 * @see https://yaml.org/type/merge.html
 */
export function mergeInto(map: JsonObject, { value, valueAt }: Entry): void {
  for (const source of Array.isArray(value) ? (value as readonly unknown[]) : [value]) {
    if (!isJsonObject(source))
      throw new YamlFault(`invalid '<<' merge event${shown(source)}`, valueAt)
    for (const [name, member] of Object.entries(source))
      if (!Object.hasOwn(map, name)) map[name] = member
  }
}

/** Of tables, and null is one to Kong, it shows an address in memory. */
function shown(value: unknown): string {
  return typeof value === 'object' ? '' : `: ${luaText(value)}`
}
