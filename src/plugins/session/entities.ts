import type { EntityKind } from '../../entities/entity.ts'
import { CREATED_AT, ID } from '../../entities/fields.ts'
import { integer, set, string, foreign } from '../../schema/field.ts'

/** Sessions that are not in their cookies. */
export const sessions: EntityKind = {
  name: 'sessions',
  endpointKey: 'session_id',
  cacheKey: ['session_id'],
  hasTtl: true,
  isIssued: true,
  fields: {
    id: ID,
    session_id: string({ required: true, unique: true }),
    expires: integer(),
    data: string(),
    created_at: CREATED_AT,
  },
}

/** Whose sessions they are, for those who look into the database. */
export const sessionMetadatas: EntityKind = {
  name: 'session_metadatas',
  isInternal: true,
  isIssued: true,
  fields: {
    id: ID,
    session: foreign('sessions', { required: true, on_delete: 'cascade' }),
    sid: string(),
    audience: string(),
    subject: string(),
    created_at: CREATED_AT,
    tags: set(string()),
  },
}
