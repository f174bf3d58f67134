import type { JsonObject } from '../base/json.ts'
import type { Entity, EntityKind } from '../entities/entity.ts'

/** No row lives longer, in seconds; a larger number is the Unix time at which it ends. */
const LONGEST_TTL = 100_000_000

/**
 * The `ttl` of a row in a file. Kong's exports say the Unix second at which a row ends, and so do
 * ours and the files that are written, so that no copy outlives the row. What people write is a
 * number of seconds, which run from when the row was made: from each load, if the file does not say.
 */
export interface FileTtl {
  /** Without a `ttl` that says when the row ends. */
  readonly input: JsonObject
  /** @returns the row with its end noted as stores do it */
  readonly limited: (row: Entity) => Entity
}

const asItIs: FileTtl['limited'] = (row) => row

export function readTtl({ hasTtl }: EntityKind, given: JsonObject): FileTtl {
  const { ttl } = given
  if (hasTtl !== true || typeof ttl !== 'number') return { input: given, limited: asItIs }
  if (ttl <= LONGEST_TTL || !Number.isFinite(ttl)) return { input: given, limited: counted }
  const { ttl: _end, ...input } = given
  return {
    input,
    limited: (row) => ({ ...row, ttl: Math.max(0, Math.ceil(ttl - from(row))), expires_at: ttl }),
  }
}

/** What a file says as `ttl` of a row; nothing for a row without an end. */
export function writtenTtl(row: Entity): number | undefined {
  const { ttl, expires_at: end } = row
  if (typeof end === 'number') return Math.floor(end)
  return typeof ttl === 'number' ? Math.floor(from(row) + ttl) : undefined
}

function counted(row: Entity): Entity {
  const { ttl } = row
  return typeof ttl === 'number' ? { ...row, expires_at: from(row) + ttl } : row
}

function from(row: Entity): number {
  return Number(row['created_at'])
}
