import type { Entity, EntitySet } from '../entities/entity.ts'
import type { ChangedRow } from './medium.ts'

/** Rows as a set of entities by kind. */
export function bySet(rows: readonly ChangedRow[]): EntitySet {
  const sets: Record<string, Entity[]> = {}
  for (const { kind, after } of rows) if (after !== undefined) (sets[kind] ??= []).push(after)
  return sets
}
