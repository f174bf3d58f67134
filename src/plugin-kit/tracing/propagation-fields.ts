import { array, record, string, type RecordOf } from '../../schema/field.ts'
import { EXTRACTABLE, INJECTABLE, type FormatName } from './trace-context.ts'
import { headerNameFault } from '../field-types.ts'

const fields = {
  extract: array(string({ one_of: EXTRACTABLE }), {
    description:
      'Header formats used to extract tracing context from incoming requests. If multiple values are specified, the first one found will be used for extraction. If left empty, Kong will not extract any tracing context information from incoming requests and generate a trace with no parent and a new trace ID.',
  }),
  clear: array(string({ custom_validator: headerNameFault }), {
    description:
      'Header names to clear after context extraction. This allows to extract the context from a certain header and then remove it from the request, useful when extraction and injection are performed on different header formats and the original header should not be sent to the upstream. If left empty, no headers are cleared.',
  }),
  inject: array(string({ one_of: ['preserve', ...INJECTABLE] }), {
    description:
      'Header formats used to inject tracing context. The value `preserve` will use the same header format as the incoming request. If multiple values are specified, all of them will be used during injection. If left empty, Kong will not inject any tracing context information in outgoing requests.',
  }),
  default_format: string({
    description:
      'The default header format to use when extractors did not match any format in the incoming headers and `inject` is configured with the value: `preserve`. This can happen when no tracing header was found in the request, or the incoming tracing header formats were not included in `extract`.',
    one_of: INJECTABLE,
    required: true,
  }),
}

export type PropagationConfig = RecordOf<typeof fields>

/** Which tracing headers are read, taken away and written, as several plugins configure it. */
export function propagationField(defaultFormat: FormatName) {
  return record(fields, { required: true, default: { default_format: defaultFormat } })
}

/** The types of headers that older configurations name. */
export const HEADER_TYPES = [
  'preserve',
  'ignore',
  'b3',
  'b3-single',
  'w3c',
  'jaeger',
  'ot',
  'aws',
  'datadog',
  'gcp',
] as const

export type HeaderType = (typeof HEADER_TYPES)[number]
