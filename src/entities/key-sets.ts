import { string } from '../schema/field.ts'
import type { EntityKind } from './entity.ts'
import { CREATED_AT, ID, TAGS, UPDATED_AT } from './fields.ts'

export const keySets: EntityKind = {
  name: 'key_sets',
  urlName: 'key-sets',
  endpointKey: 'name',
  fields: {
    id: ID,
    name: string({
      description: 'The name to associate with the given key-set.',
      required: false,
      unique: true,
    }),
    created_at: CREATED_AT,
    updated_at: UPDATED_AT,
    tags: TAGS,
  },
}
