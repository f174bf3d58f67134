import { isIP } from 'node:net'
import { integer, string, type Field, type FieldOptions } from '../schema/field.ts'
import { patternFault } from './pattern.ts'

const HEADER_NAME = /^[A-Za-z0-9_-]+$/

/**
 * Field types that several plugins share, under the names of Kong's own. Each can be given further
 * options, which win over its own.
 */
export function headerName<const Options extends FieldOptions = object>(
  options?: Options & FieldOptions,
): ReturnType<typeof string<Options>> {
  return string({
    description: 'A string representing an HTTP header name.',
    custom_validator: headerNameFault,
    ...options,
  }) as ReturnType<typeof string<Options>>
}

export function headerNameFault(name: string): string | undefined {
  return HEADER_NAME.test(name)
    ? undefined
    : `bad header name '${name}', allowed characters are A-Z, a-z, 0-9, '_', and '-'`
}

export function host<const Options extends FieldOptions = object>(
  options?: Options & FieldOptions,
): ReturnType<typeof string<Options>> {
  return string({
    description: 'A string representing a host name, such as example.com.',
    custom_validator: hostFault,
    ...options,
  }) as ReturnType<typeof string<Options>>
}

const HOST_NAME =
  /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_-]+)*\.?$/

function hostFault(name: string): string | undefined {
  if (isIP(name.replaceAll(/^\[|\]$/g, '')) !== 0) return undefined
  if (/^[^:]+:\d+$/.test(name)) return 'must not have a port'
  return HOST_NAME.test(name) ? undefined : `invalid value: ${name}`
}

export function port<const Options extends FieldOptions = object>(
  options?: Options & FieldOptions,
): ReturnType<typeof integer<Options>> {
  return integer({
    description: 'An integer representing a port number between 0 and 65535, inclusive.',
    between: [0, 65_535],
    ...options,
  }) as ReturnType<typeof integer<Options>>
}

export function timeout<const Options extends FieldOptions = object>(
  options?: Options & FieldOptions,
): ReturnType<typeof integer<Options>> {
  return integer({
    description: 'An integer representing a timeout in milliseconds. Must be between 0 and 2^31-2.',
    between: [0, 2_147_483_646],
    ...options,
  }) as ReturnType<typeof integer<Options>>
}

export function url<const Options extends FieldOptions = object>(
  options?: Options & FieldOptions,
): ReturnType<typeof string<Options>> {
  return string({
    description:
      'A string representing a URL, such as https://example.com/path/to/resource?q=search.',
    custom_validator: urlFault,
    ...options,
  }) as ReturnType<typeof string<Options>>
}

function urlFault(text: string): string | undefined {
  const match = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?/.exec(text)
  if (match?.[2] === undefined || match[2] === '') return 'missing host in url'
  if (match[1] === undefined) return 'missing scheme in url'
  return undefined
}

export function serverName<const Options extends FieldOptions = object>(
  options?: Options & FieldOptions,
): ReturnType<typeof string<Options>> {
  return string({
    description: 'A string representing an SNI (server name indication) value for TLS.',
    custom_validator: (name: string) => (isIP(name) === 0 ? hostFault(name) : 'must not be an IP'),
    ...options,
  }) as ReturnType<typeof string<Options>>
}

export function addressRange(): Field<string | undefined> {
  return string({
    description:
      'A string representing an IP address or CIDR block, such as 192.168.1.1 or 192.168.0.0/16.',
    custom_validator: addressRangeFault,
  })
}

function addressRangeFault(text: string): string | undefined {
  const [address, bits, ...rest] = text.split('/')
  const version = isIP(address!)
  const isRight =
    version !== 0 &&
    rest.length === 0 &&
    (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128)))
  return isRight ? undefined : `invalid ip or cidr range: '${text}'`
}

/** A regular expression. */
export function regex<const Options extends FieldOptions = object>(
  options?: Options & FieldOptions,
): ReturnType<typeof string<Options>> {
  return string({ custom_validator: patternFault, ...options }) as ReturnType<
    typeof string<Options>
  >
}
