import { array, boolean, foreign, integer, map, number, set, string } from '../schema/field.ts'
import type { Field, FieldOptions } from '../schema/field.ts'
import {
  hostFault,
  hostWithOptionalPortFault,
  ipOrCidrFault,
  serverNameFault,
  wildcardServerNameFault,
} from './host.ts'
import type { Protocol } from './entity.ts'
import { pathFault } from './uri-path.ts'

/** Fields that many entities have; their descriptions are what `/schemas` answers show. */

export const ID = string({
  description: 'A string representing a UUID (universally unique identifier).',
  auto: true,
  uuid: true,
})

const TIME = 'An integer representing an automatic Unix timestamp in seconds.'
export const CREATED_AT = integer({ description: TIME, auto: true, timestamp: true })
export const UPDATED_AT = integer({ description: TIME, auto: true, timestamp: true })

const TIME_MS = 'A number representing an automatic Unix timestamp in milliseconds.'
export const CREATED_AT_MS = number({ description: TIME_MS, auto: true, timestamp: true })
export const UPDATED_AT_MS = number({ description: TIME_MS, auto: true, timestamp: true })

export const UTF8_NAME = string({
  description: 'A unique string representing a UTF-8 encoded name.',
  unique: true,
  custom_validator: nameFault,
})

function nameFault(name: string): string | undefined {
  return /^[A-Za-z0-9.\-_~\u{80}-\u{10ffff}]*$/u.test(name) && name.isWellFormed()
    ? undefined
    : `invalid value '${name}': the only accepted ascii characters are alphanumerics or ., -, _, and ~`
}

export const TAGS: Field<readonly string[] | undefined> = set(
  string({
    description: 'A string representing a tag.',
    required: true,
    custom_validator: tagFault,
  }),
  { description: 'A set of strings representing tags.' },
)

/** Why a text is no tag; also for the names in `?tags=`. */
export function tagFault(tag: string): string | undefined {
  return /[,/]|[\0-\u{1f}\u{7f}]/u.test(tag) || !tag.isWellFormed()
    ? `invalid tag '${tag}': expected printable ascii (except \`,\` and \`/\`) or valid utf-8 sequences`
    : undefined
}

export const PROTOCOL_NAMES = [
  'grpc',
  'grpcs',
  'http',
  'https',
  'tcp',
  'tls',
  'tls_passthrough',
  'udp',
] as const satisfies Protocol[]

export function protocol(options?: FieldOptions): Field {
  return string({
    description: 'A string representing a protocol, such as HTTP or HTTPS.',
    one_of: PROTOCOL_NAMES,
    ...options,
  })
}

export function host(options?: FieldOptions): Field<string | undefined> {
  return string({
    description: 'A string representing a host name, such as example.com.',
    custom_validator: hostFault,
    ...options,
  })
}

export const HOST_WITH_OPTIONAL_PORT = string({
  description:
    'A string representing a host name with an optional port number, such as example.com or example.com:8080.',
  custom_validator: hostWithOptionalPortFault,
})

export const SERVER_NAME = string({
  description: 'A string representing an SNI (server name indication) value for TLS.',
  custom_validator: serverNameFault,
})

export function wildcardServerName(options?: FieldOptions): Field<string | undefined> {
  return string({
    description: 'A string representing a wildcard host name, such as *.example.com.',
    custom_validator: wildcardServerNameFault,
    ...options,
  })
}

export function port(options?: FieldOptions): Field<number | undefined> {
  return integer({
    description: 'An integer representing a port number between 0 and 65535, inclusive.',
    between: [0, 65_535],
    ...options,
  })
}

export function path(options?: FieldOptions): Field<string | undefined> {
  return string({
    description:
      'A string representing a URL path, such as /path/to/resource. Must start with a forward slash (/) and must not contain empty segments (i.e., two consecutive forward slashes).',
    starts_with: '/',
    match_none: [{ pattern: '//', err: 'must not have empty segments' }],
    custom_validator: pathFault,
    ...options,
  })
}

export const IP_OR_CIDR = string({
  description:
    'A string representing an IP address or CIDR block, such as 192.168.1.1 or 192.168.0.0/16.',
  custom_validator: ipOrCidrFault,
})

export function headerName(options?: FieldOptions): Field<string | undefined> {
  return string({
    description: 'A string representing an HTTP header name.',
    custom_validator: headerNameFault,
    ...options,
  })
}

function headerNameFault(name: string): string | undefined {
  return /^[A-Za-z0-9_-]+$/.test(name)
    ? undefined
    : `bad header name '${name}', allowed characters are A-Z, a-z, 0-9, '_', and '-'`
}

export function cookieName(options?: FieldOptions): Field<string | undefined> {
  return string({ custom_validator: cookieNameFault, ...options })
}

/** @see RFC 6265 §4.1.1: a cookie's name is a token */
function cookieNameFault(name: string): string | undefined {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)
    ? undefined
    : `bad cookie name '${name}', allowed characters are A-Z, a-z, 0-9, '_', and '-'`
}

export function headerMap(options?: FieldOptions, keys?: FieldOptions): Field {
  return map(headerName(keys), array(string()), {
    description: 'A map of header names to arrays of header values.',
    ...options,
  })
}

export const ENABLED = (description: string): Field<boolean> =>
  boolean({ description, required: true, default: true })

/** A key that another entity holds; deleting that entity deletes this one. */
export function owner(
  reference: string,
  options?: FieldOptions,
): Field<{ readonly id: string } | undefined> {
  return foreign(reference, { ...options, on_delete: 'cascade' })
}
