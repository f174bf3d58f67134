import { isDeepStrictEqual } from 'node:util'
import type { Entity } from '../entities/entity.ts'

/**
 * Whether two rows have the same fields with equal values.
 *
 * Most fields are plain values, which are compared here, several times as fast as with whole rows.
 *
 * @param ignored fields that may differ
 */
export function isSameRow(
  one: Entity,
  other: Entity,
  ignored: ReadonlySet<string> = NONE,
): boolean {
  for (const name in one)
    if (!ignored.has(name) && !(Object.hasOwn(other, name) && isEqual(one[name], other[name])))
      return false
  for (const name in other) if (!ignored.has(name) && !Object.hasOwn(one, name)) return false
  return true
}

const NONE: ReadonlySet<string> = new Set()

function isEqual(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  return typeof one === 'object' && typeof other === 'object' && isDeepStrictEqual(one, other)
}
