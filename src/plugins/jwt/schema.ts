import { boolean, number, set, string, type EntityCheck } from '../../schema/field.ts'

export const schema = {
  uri_param_names: set(string(), {
    description: 'A list of querystring parameters that Kong will inspect to retrieve JWTs.',
    default: ['jwt'],
  }),
  cookie_names: set(string(), {
    description: 'A list of cookie names that Kong will inspect to retrieve JWTs.',
    default: [],
  }),
  key_claim_name: string({
    description:
      'The name of the claim in which the key identifying the secret must be passed. The plugin will attempt to read this claim from the JWT payload and the header, in that order.',
    default: 'iss',
  }),
  secret_is_base64: boolean({
    description:
      'If true, the plugin assumes the credential’s secret to be base64 encoded. You will need to create a base64-encoded secret for your Consumer, and sign your JWT with the original secret.',
    required: true,
    default: false,
  }),
  claims_to_verify: set(string({ one_of: ['exp', 'nbf'] }), {
    description:
      'A list of registered claims (according to RFC 7519) that Kong can verify as well. Accepted values: one of exp or nbf.',
  }),
  anonymous: string({
    description:
      'An optional string (consumer UUID or username) value to use as an “anonymous” consumer if authentication fails.',
  }),
  run_on_preflight: boolean({
    description:
      'A boolean value that indicates whether the plugin should run (and try to authenticate) on OPTIONS preflight requests. If set to false, then OPTIONS requests will always be allowed.',
    required: true,
    default: true,
  }),
  maximum_expiration: number({
    description:
      'A value between 0 and 31536000 (365 days) limiting the lifetime of the JWT to maximum_expiration seconds in the future.',
    default: 0,
    between: [0, 31_536_000],
  }),
  header_names: set(string(), {
    description: 'A list of HTTP header names that Kong will inspect to retrieve JWTs.',
    default: ['authorization'],
  }),
  realm: string({
    description:
      'When authentication fails the plugin sends `WWW-Authenticate` header with `realm` attribute value.',
    required: false,
  }),
}

/** A lifetime can only be limited where it is looked at. */
export const checks: readonly EntityCheck[] = [
  {
    conditional: {
      if_field: 'config.maximum_expiration',
      if_match: { gt: 0 },
      then_field: 'config.claims_to_verify',
      then_match: { contains: 'exp' },
    },
  },
]
