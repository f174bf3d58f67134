import { string } from '../schema/field.ts'
import type { EntityKind } from './entity.ts'
import { CREATED_AT, ID } from './fields.ts'

/** What a cluster knows about itself, e.g. its id under `cluster_id`. */
export const parameters: EntityKind = {
  name: 'parameters',
  endpointKey: 'key',
  isInternal: true,
  fields: {
    id: ID,
    created_at: CREATED_AT,
    key: string({
      description: 'A unique identifier for the parameter.',
      required: true,
      unique: true,
    }),
    value: string({ description: 'The value of the parameter.', required: true }),
  },
}
