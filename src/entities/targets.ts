import { integer, string } from '../schema/field.ts'
import type { EntityKind } from './entity.ts'
import { CREATED_AT_MS, ID, owner, TAGS, UPDATED_AT_MS } from './fields.ts'
import { normalTarget } from './host.ts'

export const targets: EntityKind = {
  name: 'targets',
  endpointKey: 'target',
  cacheKey: ['upstream', 'target'],
  uniqueTogether: [['upstream', 'target']],
  fields: {
    id: ID,
    created_at: CREATED_AT_MS,
    updated_at: UPDATED_AT_MS,
    upstream: owner('upstreams', {
      description:
        'The unique identifier or the name of the upstream for which to update the target.',
      required: true,
    }),
    target: string({
      description: 'The target address (ip or hostname) and port.',
      required: true,
      custom_validator: (text: string) =>
        normalTarget(text) === undefined
          ? `Invalid target ('${text}'); not a valid hostname or ip address`
          : undefined,
    }),
    weight: integer({
      description: 'The weight this target gets within the upstream loadbalancer (0-65535).',
      default: 100,
      between: [0, 65_535],
    }),
    tags: TAGS,
  },
  transformations: [
    {
      input: ['target'],
      isIdempotent: true,
      onWrite: ({ target }) => ({ target: normalTarget(target as string) ?? target }),
    },
  ],
}
