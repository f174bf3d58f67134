import { issuedRows } from '../../plugin-kit/issued-rows.ts'
import type { NodeServices } from '../../plugin-kit/plugin.ts'
import { whenKnown } from '../../plugin-kit/consumer-source.ts'
import { sessionMetadatas, sessions } from './entities.ts'
import type { Config } from './schema.ts'
import { readSession, writeSession, type SessionState } from './session-state.ts'

/** Sessions that are kept by the gateway: in the database, or else in the memory of the node. */
export interface SessionRows {
  find(id: string): SessionState | undefined | Promise<SessionState | undefined>
  /** Begins to keep it; that it cannot be kept is logged. */
  keep(session: SessionState, now: number, isNew: boolean): void
  remove(id: string): Promise<void>
}

/** So long lasts what has no timeout, as long as nobody comes with it. */
const YEAR_SECONDS = 365 * 86_400

export function sessionRows(config: Config, node: NodeServices): SessionRows {
  const issued = issuedRows(node)
  const lastsSeconds = Math.max(
    config.rolling_timeout || YEAR_SECONDS,
    config.remember ? config.remember_rolling_timeout || YEAR_SECONDS : 0,
  )
  if (config.store_metadata && node.issuedRows === undefined)
    node.log.warn('session: store_metadata needs a database, without one it has no effect')

  const rowOf = (id: string) => issued.find(sessions, 'session_id', id)

  async function write(session: SessionState, now: number, isNew: boolean): Promise<void> {
    const fields = { data: writeSession(session), expires: now + lastsSeconds }
    if (isNew) {
      const row = await issued.add(sessions, { session_id: session.id, ...fields }, lastsSeconds)
      if (config.store_metadata && node.issuedRows !== undefined) await addMetadata(row.id, session)
      return
    }
    const row = await rowOf(session.id)
    // One that was ended meanwhile stays so.
    if (row !== undefined) await issued.change(sessions, row, { fields, lastsSeconds })
  }

  async function addMetadata(rowId: string, session: SessionState): Promise<void> {
    const { id: sid, audience, subject } = session
    // It goes with the session.
    await issued.add(sessionMetadatas, { session: { id: rowId }, sid, audience, subject }, 0)
  }

  return {
    find: (id) => whenKnown(rowOf(id), (row) => row && readSession(String(row['data']))),
    keep(session, now, isNew) {
      const written = write(session, now, isNew)
      node.complete(
        written.catch((error: unknown) =>
          node.log.error('session: a session cannot be kept', error),
        ),
      )
    },
    async remove(id) {
      const row = await rowOf(id)
      if (row !== undefined) await issued.remove(sessions, row)
    },
  }
}
