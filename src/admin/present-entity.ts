import type { Entity } from '../entities/entity.ts'
import type { AdminContext } from './admin-context.ts'

type Shown = Readonly<Record<string, unknown>>

/** A row as answers show it, with what is kept beside it: names of certificates, time left to live. */
export function presentEntity(context: AdminContext, kind: string, row: Entity): Shown {
  const shown = context.catalog.present(kind, row)
  if (kind === 'certificates') return { ...shown, snis: serverNames(context, row.id) }
  if (context.catalog.kind(kind)?.hasTtl !== true) return shown
  const { ttl: given, ...rest } = shown
  const end = row['expires_at']
  if (typeof end === 'number') return { ...rest, ttl: secondsLeft(end) }
  if (typeof given === 'number') return shown
  return context.isDbLess ? rest : { ...rest, ttl: null }
}

/** Full seconds that are still to come: fewer than were given, however soon it is asked. */
function secondsLeft(endSeconds: number): number {
  // In whole milliseconds, since differences of seconds with a fraction are not exact.
  const ms = Math.round(endSeconds * 1000) - Date.now()
  return Math.max(0, Math.ceil(ms / 1000) - 1)
}

/** Names under which a certificate is served, in order. */
export function serverNames(context: AdminContext, certificateId: string): readonly string[] {
  return serverNameRows(context, certificateId)
    .map(({ name }) => String(name))
    .sort()
}

export function serverNameRows(context: AdminContext, certificateId: string): readonly Entity[] {
  const referring = { field: 'certificate', id: certificateId }
  return context.store.page('snis', { size: Number.MAX_SAFE_INTEGER, referring }).rows
}

/** Unix time in seconds, with its fraction. */
export function nowSeconds(): number {
  return Date.now() / 1000
}
