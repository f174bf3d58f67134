import { PERIODS, periodOrderFault } from '../../plugin-kit/periods.ts'
import { redisField, redisShorthands } from '../../plugin-kit/redis-fields.ts'
import {
  boolean,
  map,
  number,
  record,
  string,
  type EntityCheck,
  type RecordOf,
} from '../../schema/field.ts'

const limit = (period: string) =>
  number({ description: `How much may be used in a ${period}.`, gt: 0 })

const limitFields = {
  second: limit('second'),
  minute: limit('minute'),
  hour: limit('hour'),
  day: limit('day'),
  month: limit('month'),
  year: limit('year'),
}

/** @param policies where counters may be; without a database they cannot be in one */
export function schemaFor<const Policy extends string>(policies: readonly Policy[]) {
  return {
    header_name: string({
      description: 'The header in which the upstream says what a request used.',
      default: 'x-kong-limit',
    }),
    limit_by: string({
      description: 'Whom usage counts for. What is not known is made up for by the address.',
      default: 'consumer',
      one_of: ['consumer', 'credential', 'ip'],
    }),
    policy: string({
      description: 'Where the counters are.',
      default: 'local',
      one_of: policies,
    }),
    fault_tolerant: boolean({
      description:
        'Whether requests pass when counters cannot be read. If not, clients get an error 500.',
      required: true,
      default: true,
    }),
    redis: redisField,
    block_on_first_violation: boolean({
      description: 'Whether a request is refused as soon as one of the limits is used up.',
      required: true,
      default: false,
    }),
    hide_client_headers: boolean({
      description: 'Whether the headers about limits are kept from clients.',
      required: true,
      default: false,
    }),
    limits: map(
      string(),
      record(limitFields, {
        required: true,
        custom_validator: orderFault,
        entity_checks: [{ at_least_one_of: PERIODS }],
      }),
      { description: 'The limits by name.', required: true, len_min: 1 },
    ),
  }
}

function orderFault(limits: RecordOf<typeof limitFields>): string | undefined {
  const fault = periodOrderFault(limits)
  return fault === undefined ? undefined : `the ${fault}`
}

export const schema = schemaFor(['local', 'redis'])
export const schemaWithDatabase = schemaFor(['local', 'cluster', 'redis'])

export type Config = Omit<RecordOf<typeof schema>, 'policy'> & {
  readonly policy: 'local' | 'cluster' | 'redis'
}

export const shorthands = redisShorthands('response-ratelimiting')

const neededByRedis = (field: string): EntityCheck => ({
  conditional: {
    if_field: 'config.policy',
    if_match: { eq: 'redis' },
    then_field: `config.redis.${field}`,
    then_match: { required: true },
  },
})

export const checks: readonly EntityCheck[] = ['host', 'port', 'timeout'].map(neededByRedis)
