import type { Field } from '../schema/field.ts'
import { uniquenessMessage } from './entity-index.ts'
import type { Item } from './item.ts'
import type { Row } from './parse-items.ts'

/** A value of a unique field, other than the endpoint key, that another entity had before. */
export interface Duplicate {
  readonly item: Item
  readonly field: string
  readonly message: string
}

/** Looks at all entities of a kind together. Endpoint keys and ids are compared elsewhere, as written. */
export function duplicateValues(rows: readonly Row[]): readonly Duplicate[] {
  const duplicates: Duplicate[] = []
  const seen = new Map<string, Set<unknown>>()
  for (const { item, entity } of rows) {
    for (const field of uniqueFields(item)) {
      const value = comparable(entity[field])
      if (typeof value !== 'string') continue
      const place = `${item.kind.name}.${field}`
      const values = seen.get(place) ?? new Set()
      seen.set(place, values)
      if (values.has(value)) {
        const message = uniquenessMessage(item.kind.name, field, value)
        duplicates.push({ item, field, message })
      }
      values.add(value)
    }
  }
  return duplicates
}

function comparable(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (value as { id?: unknown }).id : value
}

const uniqueByKind = new WeakMap<object, readonly string[]>()

function uniqueFields({ kind }: Item): readonly string[] {
  let known = uniqueByKind.get(kind)
  if (known === undefined) {
    known = Object.entries(kind.fields)
      .filter(
        ([name, field]: [string, Field]) => field.unique === true && name !== kind.endpointKey,
      )
      .map(([name]) => name)
    uniqueByKind.set(kind, known)
  }
  return known
}
