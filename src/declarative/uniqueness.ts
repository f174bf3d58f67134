import type { Steps } from '../base/steps.ts'
import type { EntityKind } from '../entities/entity.ts'
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
export function* duplicateSteps(rows: readonly Row[]): Steps<readonly Duplicate[]> {
  const duplicates: Duplicate[] = []
  const seen = new Map<EntityKind, readonly SeenValues[]>()
  for (let at = 0; at < rows.length; at += 1) {
    if (at % ROWS_IN_A_STEP === 0) yield
    const { item, entity } = rows[at]!
    let fields = seen.get(item.kind)
    if (fields === undefined) {
      fields = uniqueFields(item.kind).map((field) => ({ field, values: new Set() }))
      seen.set(item.kind, fields)
    }
    for (const { field, values } of fields) {
      const value = comparable(entity[field])
      if (typeof value !== 'string') continue
      if (values.has(value)) {
        const message = uniquenessMessage(item.kind.name, field, value)
        duplicates.push({ item, field, message })
      }
      values.add(value)
    }
  }
  return duplicates
}

const ROWS_IN_A_STEP = 200

function comparable(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (value as { id?: unknown }).id : value
}

interface SeenValues {
  readonly field: string
  readonly values: Set<string>
}

function uniqueFields(kind: EntityKind): readonly string[] {
  return Object.entries(kind.fields)
    .filter(([name, field]: [string, Field]) => field.unique === true && name !== kind.endpointKey)
    .map(([name]) => name)
}
