import { foreign } from '../schema/field.ts'
import type { EntityKind } from './entity.ts'
import { CREATED_AT, ID, TAGS, UPDATED_AT, wildcardServerName } from './fields.ts'

export const snis: EntityKind = {
  name: 'snis',
  endpointKey: 'name',
  fields: {
    id: ID,
    created_at: CREATED_AT,
    updated_at: UPDATED_AT,
    name: wildcardServerName({ required: true, unique: true, unique_across_ws: true }),
    tags: TAGS,
    certificate: foreign('certificates', { required: true }),
  },
}
