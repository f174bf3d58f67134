import { record, string } from '../schema/field.ts'
import type { RecordSpec } from '../schema/field.ts'
import type { EntityKind } from './entity.ts'
import { CREATED_AT, ID, TAGS, UPDATED_AT } from './fields.ts'

/** The kinds of vault there are, and what each is configured by. */
export const VAULT_CONFIGS: Readonly<Record<string, RecordSpec>> = {
  env: {
    type: 'record',
    required: true,
    fields: {
      prefix: string({
        description: 'The prefix for the environment variable that the value will be stored in.',
        match: '^[%a_-][%a%d_-]*$',
      }),
    },
  },
}

export const vaults: EntityKind = {
  name: 'vaults',
  endpointKey: 'prefix',
  cacheKey: ['prefix'],
  subschemaKey: 'name',
  fields: {
    id: ID,
    created_at: CREATED_AT,
    updated_at: UPDATED_AT,
    prefix: string({
      description:
        'The unique prefix (or identifier) for this Vault configuration. The prefix is used to load the right Vault configuration when referencing secrets with the other entities.',
      required: true,
      unique: true,
      unique_across_ws: true,
      match: '^[a-z][a-z%d-]-[a-z%d]+$',
      not_one_of: Object.keys(VAULT_CONFIGS),
    }),
    name: string({
      description:
        "The name of the Vault that's going to be added. Currently, the Vault implementation must be installed in every Kong instance.",
      required: true,
    }),
    description: string({
      description: 'The description of the Vault entity.',
    }),
    config: { ...record({}), abstract: true },
    tags: TAGS,
  },
}
