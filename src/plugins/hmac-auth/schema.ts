import { array, boolean, number, string } from '../../schema/field.ts'

export const ALGORITHM_NAMES = ['hmac-sha1', 'hmac-sha256', 'hmac-sha384', 'hmac-sha512'] as const

export const schema = {
  hide_credentials: boolean({
    description:
      'An optional boolean value telling the plugin to show or hide the credential from the upstream service.',
    required: true,
    default: false,
  }),
  clock_skew: number({
    description: 'Clock skew in seconds to prevent replay attacks.',
    default: 300,
    gt: 0,
  }),
  anonymous: string({
    description:
      'An optional string (Consumer UUID or username) value to use as an “anonymous” consumer if authentication fails.',
  }),
  validate_request_body: boolean({
    description: 'A boolean value telling the plugin to enable body validation.',
    required: true,
    default: false,
  }),
  enforce_headers: array(string(), {
    description:
      'A list of headers that the client should at least use for HTTP signature creation.',
    default: [],
  }),
  algorithms: array(string({ one_of: ALGORITHM_NAMES }), {
    description:
      'A list of HMAC digest algorithms that the user wants to support. Allowed values are `hmac-sha1`, `hmac-sha256`, `hmac-sha384`, and `hmac-sha512`',
    default: ALGORITHM_NAMES,
  }),
  realm: string({
    description:
      'When authentication fails the plugin sends `WWW-Authenticate` header with `realm` attribute value.',
    required: false,
  }),
}
