import type { EntityKind } from '../../entities/entity.ts'
import { CREATED_AT, ID } from '../../entities/fields.ts'
import { string } from '../../schema/field.ts'

/** What the plugin keeps in a database: accounts, and when certificates are due. */
export const acmeStorage: EntityKind = {
  name: 'acme_storage',
  cacheKey: ['key'],
  hasTtl: true,
  fields: {
    id: ID,
    key: string({ required: true, unique: true, auto: true }),
    value: string({ required: true, auto: true }),
    created_at: CREATED_AT,
  },
}
