import { array, boolean, string } from '../../schema/field.ts'

const HEADER_NAME = /^[A-Za-z0-9_-]+$/

export const schema = {
  key_names: array(
    string({
      description: 'A string representing an HTTP header name.',
      custom_validator: (name: string) =>
        HEADER_NAME.test(name)
          ? undefined
          : `bad header name '${name}', allowed characters are A-Z, a-z, 0-9, '_', and '-'`,
    }),
    {
      description:
        'Describes an array of parameter names where the plugin will look for a key. The key names may only contain [a-z], [A-Z], [0-9], [_] underscore, and [-] hyphen.',
      required: true,
      default: ['apikey'],
    },
  ),
  hide_credentials: boolean({
    description:
      'An optional boolean value telling the plugin to show or hide the credential from the upstream service. If `true`, the plugin strips the credential from the request.',
    required: true,
    default: false,
  }),
  anonymous: string({
    description:
      'An optional string (consumer UUID or username) value to use as an “anonymous” consumer if authentication fails. If empty (default null), the request will fail with an authentication failure `4xx`.',
  }),
  key_in_header: boolean({
    description:
      'If enabled (default), the plugin reads the request header and tries to find the key in it.',
    required: true,
    default: true,
  }),
  key_in_query: boolean({
    description:
      'If enabled (default), the plugin reads the query parameter in the request and tries to find the key in it.',
    required: true,
    default: true,
  }),
  key_in_body: boolean({
    description:
      'If enabled, the plugin reads the request body. Supported MIME types: `application/www-form-urlencoded`, `application/json`, and `multipart/form-data`.',
    required: true,
    default: false,
  }),
  run_on_preflight: boolean({
    description:
      'A boolean value that indicates whether the plugin should run (and try to authenticate) on `OPTIONS` preflight requests. If set to `false`, then `OPTIONS` requests are always allowed.',
    required: true,
    default: true,
  }),
  realm: string({
    description:
      'When authentication fails the plugin sends `WWW-Authenticate` header with `realm` attribute value.',
    required: false,
  }),
}
