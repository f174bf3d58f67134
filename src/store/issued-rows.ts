import type { Catalog } from '../entities/catalog.ts'
import type { Entity, EntityKind, EntitySet } from '../entities/entity.ts'
import { foreignId } from './table.ts'

/**
 * An earlier configuration with the rows that plugins have made since (`isIssued`): whoever is logged
 * in stays so when the way is gone back, unless what his row refers to goes.
 *
 * @param present all rows there are
 */
export function withIssuedRows(
  earlier: EntitySet,
  present: EntitySet,
  catalog: Catalog,
): EntitySet {
  const whole: Record<string, readonly Entity[]> = { ...earlier }
  const ids = new Map<string, ReadonlySet<string>>()
  const isThere = (kind: string, id: string): boolean => {
    if (!ids.has(kind)) ids.set(kind, new Set(whole[kind]?.map((row) => row.id)))
    return ids.get(kind)!.has(id)
  }
  // Kinds come before those that refer to them.
  for (const kind of catalog.kinds())
    if (kind.isIssued === true)
      whole[kind.name] = (present[kind.name] ?? []).filter((row) =>
        parentsOf(kind, row).every(([parent, id]) => isThere(parent, id)),
      )
  return whole
}

function parentsOf({ fields }: EntityKind, row: Entity): readonly (readonly [string, string])[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    const id = field.type === 'foreign' ? foreignId(row[name]) : undefined
    return id === undefined ? [] : [[(field as { readonly reference: string }).reference, id]]
  })
}
