import type { EntityKind } from '../../entities/entity.ts'
import { integer, string } from '../../schema/field.ts'

/** What the plugin keeps in a database: accounts, and when certificates are due. */
export const acmeStorage: EntityKind = {
  name: 'acme_storage',
  cacheKey: ['key'],
  hasTtl: true,
  fields: {
    id: string({ auto: true, uuid: true }),
    key: string({ required: true, unique: true, auto: true }),
    value: string({ required: true, auto: true }),
    created_at: integer({ auto: true, timestamp: true }),
  },
}
