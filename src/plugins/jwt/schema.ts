import { host } from '../../plugin-kit/field-types.ts'
import { REDIS_FIELDS } from '../../plugin-kit/redis-fields.ts'
import {
  boolean,
  integer,
  number,
  record,
  set,
  string,
  type EntityCheck,
} from '../../schema/field.ts'
import {
  acceptedAudiences,
  forwardedClaims,
  issuersField,
  requiredClaims,
} from './issuer-fields.ts'
import { metadataUrlFault } from './protected-resource.ts'

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
  issuers: issuersField,
  leeway: integer({
    description: 'Seconds that clocks may differ when `exp`, `nbf` and `iat` are looked at.',
    between: [0, 3600],
    own: true,
  }),
  audiences: acceptedAudiences(true),
  required_claims: requiredClaims(true),
  scopes_required: set(string({ custom_validator: scopeFault }), {
    description: 'Scopes that a token must have, all of them; one that lacks some gets 403.',
    own: true,
  }),
  scopes_claim: string({
    description: 'Where the scopes are. Without it in `scope` or `scp`.',
    len_min: 1,
    own: true,
  }),
  roles_required: set(string({ len_min: 1 }), {
    description: 'Roles that a token must have, all of them; one that lacks some gets 403.',
    own: true,
  }),
  roles_claim: string({
    description: 'Where the roles are. Without it in `roles`.',
    len_min: 1,
    own: true,
  }),
  hide_credentials: boolean({
    description: 'Whether tokens are kept from the upstream.',
    own: true,
  }),
  forward_claims: forwardedClaims(true),
  revocation: boolean({
    description: 'Whether tokens are looked up among the revoked ones (`/jwt-revocations`).',
    own: true,
  }),
  redis: record(
    { ...REDIS_FIELDS, host: host({ required: true }) },
    {
      description:
        'A Redis that nodes share, so that a proof of possession (DPoP) counts once on all of them. Without it, once on each node.',
      own: true,
    },
  ),
  error_format: string({
    description:
      'How refusals are written: as Kong does, or as problem details with a description in the challenge (RFC 9457, RFC 6750). Without it `kong`.',
    one_of: ['kong', 'problem'],
    own: true,
  }),
  metadata_url: string({
    description:
      'The public address of what clients must know to get a token (RFC 9728). The route must take requests for it; challenges name it.',
    custom_validator: metadataUrlFault,
    own: true,
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

/** @see RFC 6749 §3.3 */
function scopeFault(scope: string): string | undefined {
  return /^[!#-[\]-~]+$/.test(scope)
    ? undefined
    : 'a scope is one word of ASCII, without quotes and backslashes'
}
