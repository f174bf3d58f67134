import type { EntityKind } from '../../entities/entity.ts'
import { integer, set, string, foreign } from '../../schema/field.ts'

const id = string({ auto: true, uuid: true })

/** Sessions that are not in their cookies. */
export const sessions: EntityKind = {
  name: 'sessions',
  endpointKey: 'session_id',
  cacheKey: ['session_id'],
  hasTtl: true,
  isIssued: true,
  fields: {
    id,
    session_id: string({ required: true, unique: true }),
    expires: integer(),
    data: string(),
    created_at: integer({ auto: true, timestamp: true }),
  },
}

/** Whose sessions they are, for those who look into the database. */
export const sessionMetadatas: EntityKind = {
  name: 'session_metadatas',
  isInternal: true,
  isIssued: true,
  fields: {
    id,
    session: foreign('sessions', { required: true, on_delete: 'cascade' }),
    sid: string(),
    audience: string(),
    subject: string(),
    created_at: integer({ auto: true, timestamp: true }),
    tags: set(string()),
  },
}
