/** A host name or address, perhaps with a port, as Kong reads one. */
interface HostParts {
  readonly kind: 'name' | 'ipv4' | 'ipv6'
  /** IPv4 without leading zeros, IPv6 in brackets with all digits, names as given. */
  readonly host: string
  readonly port: number | undefined
}

type HostReading =
  | ({ readonly ok: true } & HostParts)
  | { readonly ok: false; readonly message: string }

const INVALID_PORT = 'invalid port number'

/**
 * Reads `host[:port]`. What looks like an address must be one: digits and dots alone never pass
 * for a name, and two colons make an IPv6 address.
 */
function readHost(text: string): HostReading {
  const colons = text.split(':').length - 1
  if (colons > 1) return readIpv6(text)
  return /^[\d.]+$/.test(text.replaceAll(':', '')) ? readIpv4(text) : readName(text)
}

function readIpv4(text: string): HostReading {
  const found = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?::(\d+))?$/.exec(text)
  const octets = found?.slice(1, 5).map(Number)
  if (octets === undefined || octets.some((octet) => octet > 255))
    return { ok: false, message: `invalid ipv4 address: ${text}` }
  return withPort('ipv4', octets.join('.'), found?.[5])
}

function readIpv6(text: string): HostReading {
  const bracketed = /^\[(.*)\](.*)$/.exec(text)
  const port = bracketed?.[2] === '' ? undefined : bracketed?.[2]
  if (port !== undefined && !/^:\d+$/.test(port))
    return { ok: false, message: `invalid ipv6 address: ${text}` }
  const groups = ipv6Groups(bracketed?.[1] ?? text)
  if (groups === undefined) return { ok: false, message: `invalid ipv6 address: ${text}` }
  return withPort('ipv6', `[${groups.join(':')}]`, port?.slice(1))
}

/** Eight groups of four lower-case hex digits. */
function ipv6Groups(text: string): readonly string[] | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const zeros = tail === undefined ? 0 : 8 - head!.length - tail.length
  if (zeros < (tail === undefined ? 0 : 1)) return undefined
  const groups = [...head!, ...Array.from({ length: zeros }, () => '0'), ...(tail ?? [])]
  if (groups.length !== 8 || !groups.every((group) => /^[\da-f]{1,4}$/i.test(group)))
    return undefined
  return groups.map((group) => group.toLowerCase().padStart(4, '0'))
}

function readName(text: string): HostReading {
  const port = /:(\d+)$/.exec(text)?.[1]
  const name = port === undefined ? text : text.slice(0, -port.length - 1)
  const segments = name.split('.')
  const isWrong = (segment: string, at: number): boolean =>
    segment.endsWith('-') || (segment === '' && at < segments.length - 1)
  if (!/^[\w.-]+$/.test(name) || name === '.' || segments.some(isWrong)) {
    const isPortWrong = port !== undefined && Number(port) > 65_535
    return { ok: false, message: isPortWrong ? INVALID_PORT : `invalid hostname: ${text}` }
  }
  return withPort('name', name, port)
}

function withPort(kind: HostParts['kind'], host: string, port: string | undefined): HostReading {
  if (port === undefined) return { ok: true, kind, host, port: undefined }
  return Number(port) > 65_535
    ? { ok: false, message: INVALID_PORT }
    : { ok: true, kind, host, port: Number(port) }
}

/** Why a text is no host, or `undefined`. */
export function hostFault(text: string): string | undefined {
  const reading = readHost(text)
  if (!reading.ok)
    return reading.message === INVALID_PORT ? 'must not have a port' : `invalid value: ${text}`
  return reading.port === undefined ? undefined : 'must not have a port'
}

export function hostWithOptionalPortFault(text: string): string | undefined {
  const reading = readHost(text)
  return reading.ok ? undefined : reading.message
}

/** A route's host: one label may be a wildcard, which stands for any text here. */
export function routeHostFault(text: string): string | undefined {
  return hostWithOptionalPortFault(text.replaceAll('*', 'abc'))
}

/** A name for TLS: no address, no port. */
export function serverNameFault(text: string): string | undefined {
  const reading = readHost(text)
  if (!reading.ok)
    return reading.message === INVALID_PORT ? 'must not have a port' : `invalid value: ${text}`
  if (reading.kind !== 'name') return 'must not be an IP'
  return reading.port === undefined ? undefined : 'must not have a port'
}

export function wildcardServerNameFault(text: string): string | undefined {
  const at = text.indexOf('*')
  if (at === -1) return serverNameFault(text)
  if (at !== 0 && at !== text.length - 1) return 'wildcard must be leftmost or rightmost character'
  if (text.indexOf('*', at + 1) !== -1) return 'only one wildcard must be specified'
  return serverNameFault(text.replace('*', 'wildcard'))
}

/** The name of an upstream: a host name that no address can be taken for. */
export function upstreamNameFault(text: string): string | undefined {
  const reading = readHost(text)
  if (!reading.ok) return `Invalid name ('${text}'); must be a valid hostname`
  if (reading.kind !== 'name') return `Invalid name ('${text}'); no ip addresses allowed`
  return reading.port === undefined ? undefined : `Invalid name ('${text}'); no port allowed`
}

const DEFAULT_TARGET_PORT = 8000

/** A target's address in the one form it is stored in: with its port. */
export function normalTarget(text: string): string | undefined {
  const reading = readHost(text)
  return reading.ok ? `${reading.host}:${reading.port ?? DEFAULT_TARGET_PORT}` : undefined
}

export function ipOrCidrFault(text: string): string | undefined {
  const [address, bits, ...more] = text.split('/')
  const reading = readHost(address!)
  const isAddress =
    reading.ok && reading.kind !== 'name' && reading.port === undefined && !/[[\]]/.test(text)
  const most = reading.ok && reading.kind === 'ipv6' ? 128 : 32
  const isRange = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most)
  return isAddress && isRange && more.length === 0
    ? undefined
    : `invalid ip or cidr range: '${text}'`
}
