import { headerName, timeout, url } from '../../plugin-kit/field-types.ts'
import { queueFieldWith } from '../../plugin-kit/queue-fields.ts'
import { HEADER_TYPES, propagationField } from '../../plugin-kit/tracing/propagation-fields.ts'
import {
  integer,
  map,
  number,
  string,
  type EntityCheck,
  type RecordOf,
  type Shorthand,
} from '../../schema/field.ts'

const replacedByQueue = (field: string, by: string, was: number) => ({
  message: `opentelemetry: config.${field} is deprecated, please use config.queue.${by} instead`,
  removal_in_version: '4.0',
  old_default: was,
})

export const schema = {
  traces_endpoint: url({ referenceable: true }),
  logs_endpoint: url({ referenceable: true }),
  headers: map(headerName(), string({ referenceable: true }), {
    description:
      'The custom headers to be added in the HTTP request sent to the OTLP server. This setting is useful for adding the authentication headers (token) for the APM backend.',
  }),
  resource_attributes: map(string({ required: true }), string({ required: true })),
  queue: queueFieldWith(200),
  batch_span_count: integer({
    description: 'The number of spans to be sent in a single batch.',
    deprecation: replacedByQueue('batch_span_count', 'max_batch_size', 200),
  }),
  batch_flush_delay: integer({
    description: 'The delay, in seconds, between two consecutive batches.',
    deprecation: replacedByQueue('batch_flush_delay', 'max_coalescing_delay', 3),
  }),
  connect_timeout: timeout({ default: 1000 }),
  send_timeout: timeout({ default: 5000 }),
  read_timeout: timeout({ default: 5000 }),
  http_response_header_for_traceid: string(),
  header_type: string({
    deprecation: {
      message:
        'opentelemetry: config.header_type is deprecated, please use config.propagation options instead',
      removal_in_version: '4.0',
      old_default: 'preserve',
    },
    required: false,
    default: 'preserve',
    // The order is not that of zipkin, and part of the message.
    one_of: [...HEADER_TYPES.slice(0, 8), 'gcp', 'datadog'] as unknown as typeof HEADER_TYPES,
  }),
  sampling_rate: number({
    description:
      'Tracing sampling rate for configuring the probability-based sampler. When set, this value supersedes the global `tracing_sampling_rate` setting from kong.conf.',
    between: [0, 1],
    required: false,
  }),
  propagation: propagationField('w3c'),
}

export type Config = RecordOf<typeof schema>

export const configChecks: readonly EntityCheck[] = [
  { at_least_one_of: ['traces_endpoint', 'logs_endpoint'] },
]

/** The name of old. */
export const shorthands: Readonly<Record<string, Shorthand>> = {
  endpoint: {
    field: url({
      referenceable: true,
      deprecation: {
        message:
          'OpenTelemetry: config.endpoint is deprecated, please use config.traces_endpoint instead',
        removal_in_version: '4.0',
      },
    }),
    expand: (value: string | null) => ({ traces_endpoint: value }),
  },
}
