import { string } from '../schema/field.ts'
import type { EntityKind } from './entity.ts'
import { tagFault } from './fields.ts'

/** A view over the tags of all entities. It is never stored, so it is no kind that files may hold. */
export const tags: EntityKind = {
  name: 'tags',
  endpointKey: 'tag',
  isInternal: true,
  fields: {
    tag: string({
      description: 'A string representing a tag.',
      required: true,
      custom_validator: tagFault,
    }),
    entity_name: string({
      description: 'The name of the Kong Gateway entity being tagged.',
      required: true,
    }),
    entity_id: string({
      description: 'A string representing a UUID (universally unique identifier).',
      required: true,
      auto: true,
      uuid: true,
    }),
  },
}
