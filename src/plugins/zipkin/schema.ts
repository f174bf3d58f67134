import { timeout, url } from '../../plugin-kit/field-types.ts'
import { queueField } from '../../plugin-kit/queue-fields.ts'
import { HEADER_TYPES, propagationField } from '../../plugin-kit/tracing/propagation-fields.ts'
import {
  array,
  boolean,
  integer,
  number,
  record,
  string,
  type RecordOf,
} from '../../schema/field.ts'

/** Tags that the plugin sets itself. */
const PROTECTED_TAGS = [
  'error',
  'http.method',
  'http.path',
  'http.status_code',
  'kong.balancer.state',
  'kong.balancer.try',
  'kong.consumer',
  'kong.credential',
  'kong.node.id',
  'kong.route',
  'kong.service',
  'lc',
  'peer.hostname',
] as const

const staticTag = record({
  name: string({ required: true, not_one_of: PROTECTED_TAGS }),
  value: string({ required: true }),
})

const replaced = (field: string, by: string, was: string) => ({
  message: `zipkin: config.${field} is deprecated, please use config.propagation${by} instead`,
  removal_in_version: '4.0',
  old_default: was,
})

export const schema = {
  local_service_name: string({
    description: 'The name of the service as displayed in Zipkin.',
    required: true,
    default: 'kong',
  }),
  http_endpoint: url(),
  sample_ratio: number({
    description:
      'How often to sample requests that do not contain trace IDs. Set to `0` to turn sampling off, or to `1` to sample **all** requests. ',
    default: 0.001,
    between: [0, 1],
  }),
  default_service_name: string({
    description:
      'Set a default service name to override `unknown-service-name` in the Zipkin spans.',
  }),
  include_credential: boolean({
    description:
      'Specify whether the credential of the currently authenticated consumer should be included in metadata sent to the Zipkin server.',
    required: true,
    default: true,
  }),
  traceid_byte_count: integer({
    description: "The length in bytes of each request's Trace ID.",
    required: true,
    default: 16,
    one_of: [8, 16],
  }),
  header_type: string({
    description:
      'All HTTP requests going through the plugin are tagged with a tracing HTTP request. This property codifies what kind of tracing header the plugin expects on incoming requests',
    required: true,
    default: 'preserve',
    one_of: HEADER_TYPES,
    deprecation: replaced('header_type', ' options', 'preserve'),
  }),
  default_header_type: string({
    description:
      'Allows specifying the type of header to be added to requests with no pre-existing tracing headers and when `config.header_type` is set to `"preserve"`. When `header_type` is set to any other value, `default_header_type` is ignored.',
    required: true,
    default: 'b3',
    one_of: ['b3', 'b3-single', 'w3c', 'jaeger', 'ot', 'aws', 'datadog', 'gcp'],
    deprecation: replaced('default_header_type', '.default_format', 'b3'),
  }),
  tags_header: string({
    description:
      'The Zipkin plugin will add extra headers to the tags associated with any HTTP requests that come with a header named as configured by this property.',
    required: true,
    default: 'Zipkin-Tags',
  }),
  static_tags: array(staticTag, {
    description:
      'The tags specified on this property will be added to the generated request traces.',
    custom_validator: repeatedTag,
  }),
  http_span_name: string({
    description: 'Specify whether to include the HTTP path in the span name.',
    required: true,
    default: 'method',
    one_of: ['method', 'method_path'],
  }),
  connect_timeout: timeout({ default: 2000 }),
  send_timeout: timeout({ default: 5000 }),
  read_timeout: timeout({ default: 5000 }),
  http_response_header_for_traceid: string(),
  phase_duration_flavor: string({
    description: 'Specify whether to include the duration of each phase as an annotation or a tag.',
    required: true,
    default: 'annotations',
    one_of: ['annotations', 'tags'],
  }),
  queue: queueField,
  propagation: propagationField('b3'),
}

export type Config = RecordOf<typeof schema>

function repeatedTag(tags: readonly { readonly name: string }[]): string | undefined {
  const names = tags.map(({ name }) => name)
  const repeated = names.find((name, index) => names.indexOf(name) !== index)
  return repeated === undefined ? undefined : `repeated tags are not allowed: ${repeated}`
}
