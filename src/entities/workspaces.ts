import { json, record, string } from '../schema/field.ts'
import type { EntityKind } from './entity.ts'
import { CREATED_AT, ID, UPDATED_AT } from './fields.ts'

/** There is one workspace, `default`; files may name it to give it an id. */
export const workspaces: EntityKind = {
  name: 'workspaces',
  endpointKey: 'name',
  cacheKey: ['name'],
  isInternal: true,
  fields: {
    id: ID,
    name: string({ required: true, unique: true }),
    comment: string(),
    created_at: CREATED_AT,
    updated_at: UPDATED_AT,
    meta: record({ color: string(), thumbnail: string() }),
    config: record({ meta: json() }),
  },
}
