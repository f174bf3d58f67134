import { host, port } from '../../plugin-kit/field-types.ts'
import { queueField, replacedByQueue } from '../../plugin-kit/queue-fields.ts'
import {
  array,
  boolean,
  integer,
  number,
  record,
  string,
  type RecordOf,
} from '../../schema/field.ts'

export const METRICS = [
  'kong_latency',
  'latency',
  'request_count',
  'request_per_user',
  'request_size',
  'response_size',
  'status_count',
  'status_count_per_user',
  'unique_users',
  'upstream_latency',
  'status_count_per_workspace',
  'status_count_per_user_per_route',
  'shdict_usage',
] as const

const STAT_TYPES = ['counter', 'gauge', 'histogram', 'meter', 'set', 'timer'] as const
const CONSUMER_IDENTIFIERS = ['consumer_id', 'custom_id', 'username'] as const
const SERVICE_IDENTIFIERS = [
  'service_id',
  'service_name',
  'service_host',
  'service_name_or_host',
] as const
const WORKSPACE_IDENTIFIERS = ['workspace_id', 'workspace_name'] as const

const metric = record(
  {
    name: string({ description: 'What is measured.', required: true, one_of: METRICS }),
    stat_type: string({ description: 'How it is measured.', required: true, one_of: STAT_TYPES }),
    sample_rate: number({ description: 'The rate that is told to the server.', gt: 0 }),
    consumer_identifier: string({
      description: 'What consumers are named by, if not as by default.',
      one_of: CONSUMER_IDENTIFIERS,
    }),
    service_identifier: string({
      description: 'What services are named by, if not as by default.',
      one_of: SERVICE_IDENTIFIERS,
    }),
    workspace_identifier: string({
      description: 'What workspaces are named by, if not as by default.',
      one_of: WORKSPACE_IDENTIFIERS,
    }),
  },
  {
    entity_checks: ['counter', 'gauge'].map((type) => ({
      conditional: {
        if_field: 'stat_type',
        if_match: { eq: type },
        then_field: 'sample_rate',
        then_match: { required: true },
      },
    })),
  },
)

const byDefault = (name: (typeof METRICS)[number], stat_type: (typeof STAT_TYPES)[number]) => ({
  name,
  stat_type,
  ...((stat_type === 'counter' || stat_type === 'gauge') && { sample_rate: 1 }),
})

export const schema = {
  host: host({ description: 'The name or address of the server.', default: 'localhost' }),
  port: port({ description: 'The port of the server.', default: 8125 }),
  prefix: string({ description: 'What names of metrics begin with.', default: 'kong' }),
  metrics: array(metric, {
    description: 'What is measured.',
    default: [
      byDefault('request_count', 'counter'),
      byDefault('latency', 'timer'),
      byDefault('request_size', 'counter'),
      byDefault('status_count', 'counter'),
      byDefault('response_size', 'counter'),
      byDefault('unique_users', 'set'),
      byDefault('request_per_user', 'counter'),
      byDefault('upstream_latency', 'timer'),
      byDefault('kong_latency', 'timer'),
      byDefault('status_count_per_user', 'counter'),
      byDefault('status_count_per_workspace', 'counter'),
      byDefault('status_count_per_user_per_route', 'counter'),
      byDefault('shdict_usage', 'gauge'),
    ],
  }),
  allow_status_codes: array(string({ match: '^%d+%-%d+$' }), {
    description:
      'The statuses that are counted, as ranges such as `200-299`. All are when it is absent.',
  }),
  udp_packet_size: number({
    description: 'Up to how many bytes lines are joined into one datagram; 0: none are.',
    default: 0,
    between: [0, 65_507],
  }),
  use_tcp: boolean({ description: 'Whether lines are sent over TCP.', default: false }),
  hostname_in_prefix: boolean({
    description: 'Whether the name of the node stands in names of metrics.',
    default: false,
  }),
  consumer_identifier_default: string({
    description: 'What consumers are named by.',
    required: true,
    default: 'custom_id',
    one_of: CONSUMER_IDENTIFIERS,
  }),
  service_identifier_default: string({
    description: 'What services are named by.',
    required: true,
    default: 'service_name_or_host',
    one_of: SERVICE_IDENTIFIERS,
  }),
  workspace_identifier_default: string({
    description: 'What workspaces are named by.',
    required: true,
    default: 'workspace_id',
    one_of: WORKSPACE_IDENTIFIERS,
  }),
  retry_count: integer({
    description: 'How often sending is tried again.',
    deprecation: replacedByQueue('statsd', 'retry_count', 'max_retry_time'),
  }),
  queue_size: integer({
    description: 'How many entries are sent at a time.',
    deprecation: replacedByQueue('statsd', 'queue_size', 'max_batch_size'),
  }),
  flush_timeout: number({
    description: 'How long, in seconds, entries wait for others.',
    deprecation: replacedByQueue('statsd', 'flush_timeout', 'max_coalescing_delay'),
  }),
  tag_style: string({
    description:
      'The dialect in which tags are written. Without one, names stand in names of metrics.',
    required: false,
    one_of: ['dogstatsd', 'influxdb', 'librato', 'signalfx'],
  }),
  queue: queueField,
}

export type Config = RecordOf<typeof schema>
export type Metric = NonNullable<Config['metrics']>[number]
