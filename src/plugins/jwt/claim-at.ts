import type { JsonObject } from '../../base/json.ts'
import { isJsonObject } from '../../base/json.ts'

/**
 * A claim by its name, or else by the way to it: `realm_access.roles` is the member `roles` of the
 * claim `realm_access`, unless a claim has that very name.
 */
export type ClaimReader = (claims: JsonObject) => unknown

export function claimReader(path: string): ClaimReader {
  const [first = '', ...rest] = path.split('.')
  if (rest.length === 0) return (claims) => member(claims, first)
  return (claims) => {
    const direct = member(claims, path)
    if (direct !== undefined) return direct
    let value: unknown = member(claims, first)
    for (const name of rest) value = isJsonObject(value) ? member(value, name) : undefined
    return value
  }
}

function member(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

/** Words of a claim: a list of texts, or one text with spaces between them. */
export function wordsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.split(' ').filter((word) => word !== '')
  return Array.isArray(value) ? value.filter((word) => typeof word === 'string') : []
}
