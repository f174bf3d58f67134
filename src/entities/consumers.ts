import { string } from '../schema/field.ts'
import type { EntityKind } from './entity.ts'
import { CREATED_AT, ID, TAGS, UPDATED_AT } from './fields.ts'

export const consumers: EntityKind = {
  name: 'consumers',
  endpointKey: 'username',
  fields: {
    id: ID,
    created_at: CREATED_AT,
    updated_at: UPDATED_AT,
    username: string({
      description:
        'The unique username of the Consumer. You must send either this field or custom_id with the request.',
      unique: true,
    }),
    custom_id: string({
      description: 'Stores the existing unique ID of the consumer.',
      unique: true,
    }),
    tags: TAGS,
  },
  checks: [{ at_least_one_of: ['custom_id', 'username'] }],
}
