import { isJsonObject } from '../base/json.ts'

/**
 * A JSON value with another one appended, as Kong's transformers do it: a text becomes a list of
 * two, a list gets longer, and an object, which in Lua is a list as well, gets a member `1`. What is
 * none of these has nothing to append to and is replaced.
 */
export function appendedJson(current: unknown, value: unknown): unknown {
  if (Array.isArray(current)) return [...(current as unknown[]), value]
  if (typeof current === 'string') return [current, value]
  return isJsonObject(current) && Object.keys(current).length > 0
    ? { ...current, 1: value }
    : [value]
}
