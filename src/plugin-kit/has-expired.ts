import type { Entity } from '../entities/entity.ts'

/**
 * Whether the time of a row that carries a `ttl` has run out, or that was retired. A snapshot may hold such a row for a
 * while after, so whoever uses one asks.
 *
 * @param row `expires_at`, in Unix seconds, counts where a store has set it; else `ttl` runs from
 * `created_at`, as for rows of a file
 * @param nowMs Unix time in ms
 */
export function hasExpired(row: Entity, nowMs: number): boolean {
  const { expires_at: expiresAt, created_at: createdAt, retires_at: retiresAt, ttl } = row
  if (typeof retiresAt === 'number' && retiresAt * 1000 <= nowMs) return true
  if (typeof expiresAt === 'number') return expiresAt * 1000 <= nowMs
  if (typeof ttl !== 'number' || typeof createdAt !== 'number') return false
  return (createdAt + ttl) * 1000 <= nowMs
}
