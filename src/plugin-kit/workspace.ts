import type { Entity } from '../entities/entity.ts'

/** Kong's default workspace in DB-less mode; there is only this one. */
export const DEFAULT_WORKSPACE = {
  id: '0dc6f45b-8f8d-40d2-a504-473544ee190b',
  name: 'default',
} as const

/** A row as logs and echoes show it: with its workspace, without what is unset. */
export function shownEntity(row: Entity): Readonly<Record<string, unknown>> {
  return { ...setFields(row), ws_id: DEFAULT_WORKSPACE.id }
}

/** What of a row is set. */
export function setFields(row: Entity): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(row).filter(([, value]) => value !== null && value !== undefined),
  )
}
