import { host, port, url } from '../../plugin-kit/field-types.ts'
import {
  boolean,
  integer,
  number,
  string,
  type EntityCheck,
  type RecordOf,
} from '../../schema/field.ts'

const forwarded = (description: string) => boolean({ description, default: false })

export const schema = {
  timeout: number({
    description: 'An optional timeout in milliseconds when invoking the function.',
    required: true,
    default: 60_000,
  }),
  keepalive: number({
    description:
      'An optional value in milliseconds that defines how long an idle connection lives before being closed.',
    required: true,
    default: 60_000,
  }),
  aws_key: string({
    description: 'The AWS key credential to be used when invoking the function.',
    encrypted: true,
    referenceable: true,
  }),
  aws_secret: string({
    description: 'The AWS secret credential to be used when invoking the function. ',
    encrypted: true,
    referenceable: true,
  }),
  aws_assume_role_arn: string({
    description: 'The target AWS IAM role ARN used to invoke the Lambda function.',
    encrypted: true,
    referenceable: true,
  }),
  aws_role_session_name: string({
    description: 'The identifier of the assumed role session.',
    default: 'kong',
  }),
  aws_sts_endpoint_url: url(),
  aws_region: host(),
  function_name: string({
    description:
      'The AWS Lambda function to invoke. Both function name and function ARN (including partial) are supported.',
    required: false,
  }),
  qualifier: string({ description: 'The qualifier to use when invoking the function.' }),
  invocation_type: string({
    description:
      'The InvocationType to use when invoking the function. Available types are RequestResponse, Event, DryRun.',
    required: true,
    default: 'RequestResponse',
    one_of: ['RequestResponse', 'Event', 'DryRun'],
  }),
  log_type: string({
    description:
      'The LogType to use when invoking the function. By default, None and Tail are supported.',
    required: true,
    default: 'Tail',
    one_of: ['Tail', 'None'],
  }),
  host: host(),
  port: port({ default: 443 }),
  disable_https: boolean({ default: false }),
  unhandled_status: integer({
    description:
      'The response status code to use (instead of the default 200, 202, or 204) in the case of an Unhandled Function Error.',
    between: [100, 999],
  }),
  forward_request_method: forwarded(
    'An optional value that defines whether the original HTTP request method verb is sent in the request_method field of the JSON-encoded request.',
  ),
  forward_request_uri: forwarded(
    'An optional value that defines whether the original HTTP request URI is sent in the request_uri field of the JSON-encoded request.',
  ),
  forward_request_headers: forwarded(
    'An optional value that defines whether the original HTTP request headers are sent as a map in the request_headers field of the JSON-encoded request.',
  ),
  forward_request_body: forwarded(
    'An optional value that defines whether the request body is sent in the request_body field of the JSON-encoded request. If the body arguments can be parsed, they are sent in the separate request_body_args field of the request. ',
  ),
  is_proxy_integration: forwarded(
    'An optional value that defines whether the response format to receive from the Lambda to this format.',
  ),
  awsgateway_compatible: forwarded(
    'An optional value that defines whether the plugin should wrap requests into the Amazon API gateway.',
  ),
  proxy_url: url(),
  skip_large_bodies: boolean({
    description:
      'An optional value that defines whether Kong should send large bodies that are buffered to disk',
    default: true,
  }),
  base64_encode_body: boolean({
    description: 'An optional value that Base64-encodes the request body.',
    default: true,
  }),
  aws_imds_protocol_version: string({
    description: 'Identifier to select the IMDS protocol version to use: `v1` or `v2`.',
    required: true,
    default: 'v1',
    one_of: ['v1', 'v2'],
  }),
  empty_arrays_mode: string({
    description:
      'An optional value that defines whether Kong should send empty arrays (returned by Lambda function) as `[]` arrays or `{}` objects in JSON responses. The value `legacy` means Kong will send empty arrays as `{}` objects in response',
    required: true,
    default: 'legacy',
    one_of: ['legacy', 'correct'],
  }),
}

export type Config = RecordOf<typeof schema>

export const checks: readonly EntityCheck[] = [
  { mutually_required: ['config.aws_key', 'config.aws_secret'] },
  {
    custom_entity_check: {
      field_sources: ['config.proxy_url'],
      fn: ({ config }) => proxyFault((config as Partial<Config> | undefined)?.proxy_url),
    },
  },
]

function proxyFault(proxyUrl: string | undefined): string | undefined {
  const scheme = /^([^:]+):\/\//.exec(proxyUrl ?? '')?.[1]
  return scheme === undefined || scheme === 'http' ? undefined : 'proxy_url scheme must be http'
}
