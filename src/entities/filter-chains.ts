import { array, boolean, json, record, string } from '../schema/field.ts'
import type { EntityKind } from './entity.ts'
import { CREATED_AT, ENABLED, ID, owner, TAGS, UPDATED_AT, UTF8_NAME } from './fields.ts'

const filter = record({
  name: string({ description: 'The name of the filter.', required: true }),
  enabled: boolean({ description: 'Whether to apply the filter.', required: true, default: true }),
  config: json({ description: 'Filter configuration settings.', required: false }),
})

/** Chains of Wasm filters. Wasm is off, so a chain is readable but no chain is acceptable. */
export const filterChains: EntityKind = {
  name: 'filter_chains',
  urlName: 'filter-chains',
  endpointKey: 'name',
  cacheKey: ['route', 'service'],
  fields: {
    id: ID,
    name: UTF8_NAME,
    enabled: ENABLED('Whether to apply the filter chain.'),
    route: owner('routes', { unique: true, default: null }),
    service: owner('services', { unique: true, default: null }),
    filters: array(filter, {
      description: 'The filters to run, in order.',
      required: true,
      len_min: 1,
    }),
    created_at: CREATED_AT,
    updated_at: UPDATED_AT,
    tags: TAGS,
  },
  checks: [
    {
      custom_entity_check: {
        field_sources: ['filters'],
        run_with_missing_fields: true,
        run_with_invalid_fields: true,
        fn: () => 'this endpoint is only available when wasm is enabled',
      },
    },
    { only_one_of: ['service', 'route'] },
  ],
}
