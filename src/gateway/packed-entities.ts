import type { Steps } from '../base/steps.ts'
import type { Entity, EntitySet } from '../entities/entity.ts'

/**
 * Entities on their way to workers: for each kind, pieces of memory that hold a list of rows each,
 * as JSON in UTF-8.
 *
 * Objects would be taken apart anew for every worker, and put together in one go while its requests
 * wait. Pieces are written once, all workers read the same memory, and do so one after the other.
 */
export type PackedEntities = Readonly<Record<string, readonly SharedArrayBuffer[]>>

/** Reading so many keeps requests waiting for a small part of a millisecond. */
const ROWS_IN_A_PIECE = 100

export function* packSteps(entities: EntitySet): Steps<PackedEntities> {
  const packed: Record<string, SharedArrayBuffer[]> = {}
  for (const [kind, rows] of Object.entries(entities)) {
    const pieces: SharedArrayBuffer[] = []
    for (let at = 0; at < rows.length; at += ROWS_IN_A_PIECE) {
      pieces.push(sharedBytes(JSON.stringify(rows.slice(at, at + ROWS_IN_A_PIECE))))
      yield
    }
    packed[kind] = pieces
  }
  return packed
}

/** The same entities, in the same order. */
export function* unpackSteps(packed: PackedEntities): Steps<EntitySet> {
  const entities: Record<string, Entity[]> = {}
  for (const [kind, pieces] of Object.entries(packed)) {
    const rows: Entity[] = []
    for (const piece of pieces) {
      for (const row of JSON.parse(Buffer.from(piece).toString()) as readonly Entity[])
        rows.push(row)
      yield
    }
    entities[kind] = rows
  }
  return entities
}

function sharedBytes(text: string): SharedArrayBuffer {
  const bytes = new SharedArrayBuffer(Buffer.byteLength(text))
  Buffer.from(bytes).write(text)
  return bytes
}
