import type { EntityKind } from '../../entities/entity.ts'
import { CREDENTIAL_HEAD, TAGS } from '../../plugin-kit/credential-fields.ts'
import { string } from '../../schema/field.ts'

/** A consumer's membership in a group. */
export const acls: EntityKind = {
  name: 'acls',
  cacheKey: ['consumer', 'group'],
  uniqueTogether: [['consumer', 'group']],
  fields: {
    ...CREDENTIAL_HEAD,
    group: string({ required: true }),
    tags: TAGS,
  },
}
