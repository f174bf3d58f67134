import { host, port } from '../../plugin-kit/field-types.ts'
import { boolean, number, string, type EntityCheck, type RecordOf } from '../../schema/field.ts'

export const schema = {
  ldap_host: host({ description: 'The name or address of the LDAP server.', required: true }),
  ldap_port: port({ description: 'The port of the LDAP server.', required: true, default: 389 }),
  ldaps: boolean({
    description: 'Whether the connection is secured from its beginning.',
    required: true,
    default: false,
  }),
  start_tls: boolean({
    description: 'Whether a plain connection is secured before anything secret is sent.',
    required: true,
    default: false,
  }),
  verify_ldap_host: boolean({
    description: 'Whether the certificate of the server must be trusted and be for its name.',
    required: true,
    default: false,
  }),
  base_dn: string({
    description: 'The entry below which users are, such as `dc=example,dc=com`.',
    required: true,
  }),
  attribute: string({
    description: 'The attribute that names a user, such as `uid`.',
    required: true,
  }),
  cache_ttl: number({
    description: 'How long, in seconds, the outcome for a name and password is remembered.',
    required: true,
    default: 60,
  }),
  hide_credentials: boolean({
    description: 'Whether name and password are kept from the upstream.',
    required: true,
    default: false,
  }),
  timeout: number({
    description: 'How long, in milliseconds, the server may take.',
    default: 10_000,
  }),
  keepalive: number({
    description: 'How long, in milliseconds, an idle connection is kept.',
    default: 60_000,
  }),
  anonymous: string({
    description: 'Id or username of the consumer that stands in for whoever is not authenticated.',
  }),
  header_type: string({
    description: 'The scheme that stands before name and password.',
    default: 'ldap',
  }),
  realm: string({ description: 'The realm that challenges name.', required: false }),
}

export type Config = RecordOf<typeof schema>

export const configChecks: readonly EntityCheck[] = [
  {
    conditional: {
      if_field: 'ldaps',
      if_match: { eq: true },
      then_field: 'start_tls',
      then_match: { eq: false },
      then_err: "'ldaps' and 'start_tls' cannot be enabled simultaneously",
    },
  },
]
