import { host, port } from '../../plugin-kit/field-types.ts'
import { queueField, replacedByQueue } from '../../plugin-kit/queue-fields.ts'
import { array, integer, number, record, string, type RecordOf } from '../../schema/field.ts'

export const STATS = [
  'kong_latency',
  'latency',
  'request_count',
  'request_size',
  'response_size',
  'upstream_latency',
] as const

const STAT_TYPES = [
  'counter',
  'gauge',
  'histogram',
  'meter',
  'set',
  'timer',
  'distribution',
] as const

const metricFields = {
  name: string({ description: 'What is measured.', required: true, one_of: STATS }),
  stat_type: string({ description: 'How Datadog treats it.', required: true, one_of: STAT_TYPES }),
  tags: array(string({ match: '^.*[^:]$' }), { description: 'Tags in the form `name:value`.' }),
  sample_rate: number({ description: 'The rate that is told to Datadog.', between: [0, 1] }),
  consumer_identifier: string({
    description: 'What consumers are named by.',
    one_of: ['consumer_id', 'custom_id', 'username'],
  }),
}

const metric = record(metricFields, {
  entity_checks: ['counter', 'gauge'].map((type) => ({
    conditional: {
      if_field: 'stat_type',
      if_match: { eq: type },
      then_field: 'sample_rate',
      then_match: { required: true },
    },
  })),
})

const byDefault = (name: (typeof STATS)[number], stat_type: 'counter' | 'timer') => ({
  name,
  stat_type,
  tags: ['app:kong'],
  ...(stat_type === 'counter' && { sample_rate: 1 }),
  consumer_identifier: 'custom_id',
})

export const schema = {
  host: host({
    description: 'The name or address of the agent.',
    referenceable: true,
    default: 'localhost',
  }),
  port: port({ description: 'The port of the agent.', default: 8125 }),
  prefix: string({ description: 'What names of metrics begin with.', default: 'kong' }),
  service_name_tag: string({ description: 'The tag that names the service.', default: 'name' }),
  status_tag: string({ description: 'The tag that holds the status.', default: 'status' }),
  consumer_tag: string({ description: 'The tag that names the consumer.', default: 'consumer' }),
  retry_count: integer({
    description: 'How often sending is tried again.',
    deprecation: replacedByQueue('datadog', 'retry_count', 'max_retry_time'),
  }),
  queue_size: integer({
    description: 'How many entries are sent at a time.',
    deprecation: replacedByQueue('datadog', 'queue_size', 'max_batch_size'),
  }),
  flush_timeout: number({
    description: 'How long, in seconds, entries wait for others.',
    deprecation: replacedByQueue('datadog', 'flush_timeout', 'max_coalescing_delay'),
  }),
  queue: queueField,
  metrics: array(metric, {
    description: 'What is measured.',
    required: true,
    default: [
      byDefault('request_count', 'counter'),
      byDefault('latency', 'timer'),
      byDefault('request_size', 'timer'),
      byDefault('response_size', 'timer'),
      byDefault('upstream_latency', 'timer'),
      byDefault('kong_latency', 'timer'),
    ],
  }),
}

export type Config = RecordOf<typeof schema>
export type Metric = Config['metrics'][number]
