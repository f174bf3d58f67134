import type { PropertyName } from './properties.ts'
import type { Settings } from './settings.ts'

interface NumberRule {
  readonly property: PropertyName
  readonly holds: (value: number) => boolean
  /** Behind the property's name, in Kong's words. */
  readonly demand: string
}

const COUNTS_OF_POSTGRESQL = [
  'pg_max_concurrent_queries',
  'pg_semaphore_timeout',
  'pg_keepalive_timeout',
  'pg_pool_size',
  'pg_backlog',
  'pg_ro_max_concurrent_queries',
  'pg_ro_semaphore_timeout',
  'pg_ro_keepalive_timeout',
  'pg_ro_pool_size',
  'pg_ro_backlog',
] as const

const LIMITS_OF_REQUESTS = [
  'lua_max_req_headers',
  'lua_max_resp_headers',
  'lua_max_uri_args',
  'lua_max_post_args',
] as const

const RULES: readonly NumberRule[] = [
  ...COUNTS_OF_POSTGRESQL.flatMap((property) => [
    { property, holds: (value: number) => value >= 0, demand: 'greater than 0' },
    { property, holds: Number.isInteger, demand: 'an integer greater than 0' },
  ]),
  {
    property: 'worker_state_update_frequency',
    holds: (value) => value > 0,
    demand: 'greater than 0',
  },
  {
    property: 'cluster_data_plane_purge_delay',
    holds: (value) => value >= 60,
    demand: '60 or greater',
  },
  {
    property: 'cluster_max_payload',
    holds: (value) => value >= 4_194_304,
    demand: '4194304 (4MB) or greater',
  },
  ...LIMITS_OF_REQUESTS.map((property) => ({
    property,
    holds: Number.isInteger,
    demand: 'an integer between 1 and 1000',
  })),
]

/** Numbers that are no counts or too small, also where they have no effect: Kong refuses them. */
export function numberProblems(
  settings: Settings,
): readonly { readonly property: PropertyName; readonly message: string }[] {
  return RULES.flatMap(({ property, holds, demand }) => {
    const value = settings[property]
    if (typeof value !== 'number' || holds(value)) return []
    return [{ property, message: `${property} must be ${demand}` }]
  })
}
