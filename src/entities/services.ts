import { array, boolean, foreign, integer, string } from '../schema/field.ts'
import type { EntityCheck, Shorthand } from '../schema/field.ts'
import type { EntityKind } from './entity.ts'
import {
  CREATED_AT,
  ENABLED,
  host,
  ID,
  path,
  port,
  protocol,
  TAGS,
  UPDATED_AT,
  UTF8_NAME,
} from './fields.ts'

const timeout = () => integer({ default: 60_000, between: [1, 2_147_483_646] })

/** What only makes sense where the gateway speaks TLS itself. */
const TLS_FIELDS = ['client_certificate', 'tls_verify', 'tls_verify_depth', 'ca_certificates']

const checks: readonly EntityCheck[] = [
  {
    conditional: {
      if_field: 'protocol',
      if_match: { one_of: ['tcp', 'tls', 'udp', 'grpc', 'grpcs'] },
      then_field: 'path',
      then_match: { eq: null },
    },
  },
  ...TLS_FIELDS.map((field) => ({
    conditional: {
      if_field: 'protocol',
      if_match: { not_one_of: ['https', 'tls'] },
      then_field: field,
      then_match: { eq: null },
    },
  })),
]

export const services: EntityKind = {
  name: 'services',
  endpointKey: 'name',
  fields: {
    id: ID,
    created_at: CREATED_AT,
    updated_at: UPDATED_AT,
    name: UTF8_NAME,
    retries: integer({
      description: 'The number of retries to execute upon failure to proxy.',
      default: 5,
      between: [0, 32_767],
    }),
    protocol: protocol({ required: true, default: 'http' }),
    host: host({ required: true }),
    port: port({ required: true, default: 80 }),
    path: path(),
    connect_timeout: timeout(),
    write_timeout: timeout(),
    read_timeout: timeout(),
    tags: TAGS,
    client_certificate: foreign('certificates', {
      description:
        'Certificate to be used as client certificate while TLS handshaking to the upstream server.',
    }),
    tls_verify: boolean({
      description:
        'Whether to enable verification of upstream server TLS certificate. If not set, the global level config `proxy_ssl_verify` will be used.',
    }),
    tls_verify_depth: integer({
      description: "Maximum depth of chain while verifying Upstream server's TLS certificate.",
      default: null,
      between: [0, 64],
    }),
    ca_certificates: array(string({ uuid: true }), {
      description:
        "Array of CA Certificate object UUIDs that are used to build the trust store while verifying upstream server's TLS certificate.",
    }),
    enabled: ENABLED('Whether the Service is active. '),
  },
  checks,
  shorthands: { url: urlShorthand() },
}

/** `url` sets protocol, host, port and path together, over what the same input says of them. */
function urlShorthand(): Shorthand {
  return { field: string(), expand: fieldsOfUrl }
}

/** A null, which is what an unset URL arrives as, gives fields that no service may have. */
function fieldsOfUrl(url: string | null): Readonly<Record<string, unknown>> {
  const { scheme, host: name, port: written, path: rest } = readUrl(url ?? 'userdata: NULL')
  const number = written === undefined || written === '' ? Number.NaN : Number(written)
  const known = Number.isNaN(number) ? written : number
  return {
    protocol: scheme ?? (known === 443 ? 'https' : 'http'),
    host: name ?? null,
    port: known ?? (scheme === 'https' ? 443 : 80),
    path: rest ?? null,
  }
}

interface UrlParts {
  readonly scheme: string | undefined
  readonly host: string | undefined
  readonly port: string | undefined
  readonly path: string | undefined
}

/** Takes a URL apart from the outside in, so that anything has some reading; the fields' rules judge it. */
function readUrl(url: string): UrlParts {
  const [, scheme, authority, rest = ''] = URL_SHAPE.exec(url.replace(/#.*$/s, '')) ?? []
  const [, name = '', port] = ADDRESS_SHAPE.exec(authority ?? '') ?? []
  return {
    scheme,
    host: orUnset(name.replace(/^\[(.+)\]$/, '$1')),
    port,
    path: orUnset(rest.replace(/[?;].*$/s, '')),
  }
}

const URL_SHAPE = /^(?:([A-Za-z0-9][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?(.*)$/s
/** The user before an `@` is passed over; a bracketed address may hold colons. */
const ADDRESS_SHAPE = /^(?:[^@]*@)?(.*?)(?::([^:\]]*))?$/s

function orUnset(text: string): string | undefined {
  return text === '' ? undefined : text
}
