import { array, boolean, number, string } from '../../schema/field.ts'
import { patternFault } from '../../plugin-kit/pattern.ts'

const METHODS = [
  'GET',
  'HEAD',
  'PUT',
  'PATCH',
  'POST',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'CONNECT',
] as const

export const schema = {
  origins: array(string({ custom_validator: originFault }), {
    description:
      'List of allowed domains for the `Access-Control-Allow-Origin` header. If you want to allow all origins, add `*` as a single value to this configuration field. The accepted values can either be flat strings or PCRE regexes.',
  }),
  headers: array(string(), {
    description: 'Value for the `Access-Control-Allow-Headers` header.',
  }),
  exposed_headers: array(string(), {
    description:
      'Value for the `Access-Control-Expose-Headers` header. If not specified, no custom headers are exposed.',
  }),
  methods: array(string({ one_of: METHODS }), {
    description:
      "'Value for the `Access-Control-Allow-Methods` header. Available options include `GET`, `HEAD`, `PUT`, `PATCH`, `POST`, `DELETE`, `OPTIONS`, `TRACE`, `CONNECT`. By default, all options are allowed.'",
    default: METHODS,
  }),
  max_age: number({
    description:
      'Indicates how long the results of the preflight request can be cached, in `seconds`.',
  }),
  credentials: boolean({
    description:
      'Flag to determine whether the `Access-Control-Allow-Credentials` header should be sent with `true` as the value.',
    required: true,
    default: false,
  }),
  private_network: boolean({
    description:
      'Flag to determine whether the `Access-Control-Allow-Private-Network` header should be sent with `true` as the value.',
    required: true,
    default: false,
  }),
  preflight_continue: boolean({
    description:
      'A boolean value that instructs the plugin to proxy the `OPTIONS` preflight request to the Upstream service.',
    required: true,
    default: false,
  }),
}

function originFault(origin: string): string | undefined {
  return origin === '*' || patternFault(origin) === undefined
    ? undefined
    : `'${origin}' is not a valid regex`
}
