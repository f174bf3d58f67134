import { headerName } from '../../plugin-kit/field-types.ts'
import { redisField, redisShorthands } from '../../plugin-kit/redis-fields.ts'
import { PERIODS, periodOrderFault } from '../../plugin-kit/periods.ts'
import { boolean, number, string, type EntityCheck, type RecordOf } from '../../schema/field.ts'

const limit = (period: string) =>
  number({ description: `The number of HTTP requests that can be made per ${period}.`, gt: 0 })

/** @param policies where counters may be; without a database they cannot be in one */
export function schemaFor<const Policy extends string>(policies: readonly Policy[]) {
  return {
    second: limit('second'),
    minute: limit('minute'),
    hour: limit('hour'),
    day: limit('day'),
    month: limit('month'),
    year: limit('year'),
    limit_by: string({
      description: 'The entity that is used when aggregating the limits.',
      default: 'consumer',
      one_of: ['consumer', 'credential', 'ip', 'service', 'header', 'path'],
    }),
    header_name: headerName(),
    path: string({
      description:
        'A string representing a URL path, such as /path/to/resource. Must start with a forward slash (/) and must not contain empty segments (i.e., two consecutive forward slashes).',
      starts_with: '/',
      match_none: [{ pattern: '//', err: 'must not have empty segments' }],
    }),
    policy: string({
      description: 'The rate-limiting policies to use for retrieving and incrementing the limits.',
      default: 'local',
      len_min: 0,
      one_of: policies,
    }),
    fault_tolerant: boolean({
      description:
        'A boolean value that determines if the requests should be proxied even if Kong has troubles connecting a third-party data store. If `true`, requests will be proxied anyway, effectively disabling the rate-limiting function until the data store is working again. If `false`, then the clients will see `500` errors.',
      required: true,
      default: true,
    }),
    redis: redisField,
    hide_client_headers: boolean({
      description: 'Optionally hide informative response headers.',
      required: true,
      default: false,
    }),
    error_code: number({
      description: 'Set a custom error code to return when the rate limit is exceeded.',
      default: 429,
      gt: 0,
    }),
    error_message: string({
      description: 'Set a custom error message to return when the rate limit is exceeded.',
      default: 'API rate limit exceeded',
    }),
    sync_rate: number({
      description:
        'How often to sync counter data to the central data store. A value of -1 results in synchronous behavior.',
      required: true,
      default: -1,
    }),
  }
}

export const schema = schemaFor(['local', 'redis'])
export const schemaWithDatabase = schemaFor(['local', 'cluster', 'redis'])

export type Config = Omit<RecordOf<typeof schema>, 'policy'> & {
  readonly policy: 'local' | 'cluster' | 'redis'
}

export const shorthands = redisShorthands('rate-limiting')

const needed = (field: string, value: string, then: string): EntityCheck => ({
  conditional: {
    if_field: `config.${field}`,
    if_match: { eq: value },
    then_field: `config.${then}`,
    then_match: { required: true },
  },
})

export const checks: readonly EntityCheck[] = [
  { at_least_one_of: PERIODS.map((period) => `config.${period}`) },
  needed('policy', 'redis', 'redis.host'),
  needed('policy', 'redis', 'redis.port'),
  needed('policy', 'redis', 'redis.timeout'),
  needed('limit_by', 'header', 'header_name'),
  needed('limit_by', 'path', 'path'),
]

const MIN_SYNC_RATE = 0.02

/** Rules over the whole config. */
export function configFault(config: Config): string | undefined {
  const order = periodOrderFault(config)
  if (order !== undefined) return `The ${order}`
  if (config.policy !== 'redis' && config.sync_rate !== -1)
    return 'sync_rate can only be used with the redis policy'
  if (config.sync_rate !== -1 && config.sync_rate < MIN_SYNC_RATE)
    return 'sync_rate must be greater than 0.02, or -1 to disable'
  return undefined
}
