import { customFieldsByLua } from '../../plugin-kit/custom-log-fields.ts'
import { headerName, url } from '../../plugin-kit/field-types.ts'
import { queueField, replacedByQueue } from '../../plugin-kit/queue-fields.ts'
import { integer, map, number, string, type RecordOf } from '../../schema/field.ts'

export const schema = {
  http_endpoint: url({ required: true, encrypted: true, referenceable: true }),
  method: string({
    description:
      'An optional method used to send data to the HTTP server. Supported values are `POST` (default), `PUT`, and `PATCH`.',
    default: 'POST',
    one_of: ['POST', 'PUT', 'PATCH'],
  }),
  content_type: string({
    description:
      'Indicates the type of data sent. The only available option is `application/json`.',
    default: 'application/json',
    one_of: ['application/json', 'application/json; charset=utf-8'],
  }),
  timeout: number({
    description: 'An optional timeout in milliseconds when sending data to the upstream server.',
    default: 10_000,
  }),
  keepalive: number({
    description:
      'An optional value in milliseconds that defines how long an idle connection will live before being closed.',
    default: 60_000,
  }),
  retry_count: integer({
    description: 'Number of times to retry when sending data to the upstream server.',
    deprecation: replacedByQueue('http-log', 'retry_count', 'max_retry_time'),
  }),
  queue_size: integer({
    description: 'Maximum number of log entries to be sent on each message to the upstream server.',
    deprecation: replacedByQueue('http-log', 'queue_size', 'max_batch_size'),
  }),
  flush_timeout: number({
    description:
      'Optional time in seconds. If `queue_size` > 1, this is the max idle time before sending a log with less than `queue_size` records.',
    deprecation: replacedByQueue('http-log', 'flush_timeout', 'max_coalescing_delay'),
  }),
  headers: map(
    headerName({
      match_none: [
        { pattern: '^[Hh][Oo][Ss][Tt]$', err: "cannot contain 'Host' header" },
        {
          pattern: '^[Cc][Oo][Nn][Tt][Ee][Nn][Tt]%-[Ll][Ee][nn][Gg][Tt][Hh]$',
          err: "cannot contain 'Content-Length' header",
        },
        {
          pattern: '^[Cc][Oo][Nn][Tt][Ee][Nn][Tt]%-[Tt][Yy][Pp][Ee]$',
          err: "cannot contain 'Content-Type' header",
        },
      ],
    }),
    string({ referenceable: true }),
    {
      description:
        'An optional table of headers included in the HTTP message to the upstream server. Values are indexed by header name, and each header name accepts a single string.',
    },
  ),
  queue: queueField,
  custom_fields_by_lua: customFieldsByLua,
}

export type Config = RecordOf<typeof schema>

/** Two ways to say who sends: one would be lost. */
export function configFault({ http_endpoint: endpoint, headers }: Config): string | undefined {
  const hasUser = /^[^:]+:\/\/[^/?#]*@/.test(endpoint)
  const names = Object.keys(headers ?? {}).map((name) => name.toLowerCase())
  return hasUser && names.includes('authorization')
    ? "specifying both an 'Authorization' header and user info in 'http_endpoint' is not allowed"
    : undefined
}
