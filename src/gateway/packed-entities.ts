import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Entity, EntitySet } from '../entities/entity.ts'

/**
 * Entities on their way to workers: for each kind, texts of JSON that hold a list of rows each.
 *
 * Objects would be taken apart anew for every worker, and put together in one go while its requests
 * wait. Texts are made once, are copied as they are, and are read piece by piece.
 */
export type PackedEntities = Readonly<Record<string, readonly string[]>>

/** Reading so many keeps requests waiting for about a millisecond. */
const ROWS_IN_A_PIECE = 500

export function packEntities(entities: EntitySet): PackedEntities {
  return Object.fromEntries(
    Object.entries(entities).map(([kind, rows]) => [kind, piecesOf(rows).map(textOf)]),
  )
}

/** The same entities, in the same order; lets other work of the thread in between. */
export async function unpackEntities(packed: PackedEntities): Promise<EntitySet> {
  const entities: Record<string, Entity[]> = {}
  for (const [kind, pieces] of Object.entries(packed)) {
    const rows: Entity[] = []
    for (const [at, piece] of pieces.entries()) {
      if (at > 0) await nextTurn()
      for (const row of JSON.parse(piece) as readonly Entity[]) rows.push(row)
    }
    entities[kind] = rows
  }
  return entities
}

function piecesOf(rows: readonly Entity[]): readonly (readonly Entity[])[] {
  const count = Math.ceil(rows.length / ROWS_IN_A_PIECE)
  return Array.from({ length: count }, (_, at) =>
    rows.slice(at * ROWS_IN_A_PIECE, (at + 1) * ROWS_IN_A_PIECE),
  )
}

function textOf(rows: readonly Entity[]): string {
  return JSON.stringify(rows)
}
