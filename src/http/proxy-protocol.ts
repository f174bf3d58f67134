import { isIP } from 'node:net'

/** What a load balancer in front says about the connection it passes on. */
export interface ProxyHeader {
  /** Bytes the header took; the client's own begin after them. */
  readonly length: number
  /** The client's address; absent for the balancer's own connections, such as its health checks. */
  readonly client: ProxiedClient | undefined
}

export interface ProxiedClient {
  readonly ip: string
  readonly port: number
}

export type ProxyHeaderFault = 'incomplete' | 'malformed'

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const V2_FIXED_BYTES = 16
const V1_MAX_BYTES = 107
/** Addresses and extensions; real ones are far shorter. */
const V2_MAX_BYTES = 4096

/**
 * Reads the header of the PROXY protocol, version 1 or 2, from the first bytes of a connection.
 * A connection that must have one and has another beginning is refused.
 *
 * @see the PROXY protocol specification of HAProxy, §2
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader | ProxyHeaderFault {
  if (bytes.length === 0) return 'incomplete'
  return bytes[0] === SIGNATURE[0] ? readVersion2(bytes) : readVersion1(bytes)
}

function readVersion1(bytes: Buffer): ProxyHeader | ProxyHeaderFault {
  const start = 'PROXY '
  const begun = bytes.toString('latin1', 0, Math.min(bytes.length, start.length))
  if (!start.startsWith(begun)) return 'malformed'
  const end = bytes.subarray(0, V1_MAX_BYTES).indexOf('\r\n')
  if (end === -1) return bytes.length >= V1_MAX_BYTES ? 'malformed' : 'incomplete'
  const line = bytes.toString('latin1', 0, end)
  const length = end + 2
  if (/^PROXY UNKNOWN(?: .*)?$/.test(line)) return { length, client: undefined }
  const match = /^PROXY TCP([46]) (\S+) (\S+) (\d{1,5}) (\d{1,5})$/.exec(line)
  if (match === null) return 'malformed'
  const [, family, source, destination, sourcePort, destinationPort] = match as unknown as string[]
  const isRight =
    isIP(source!) === Number(family) &&
    isIP(destination!) === Number(family) &&
    isPort(sourcePort!) &&
    isPort(destinationPort!)
  return isRight ? { length, client: { ip: source!, port: Number(sourcePort) } } : 'malformed'
}

/** At most 65535, without leading zeros. */
function isPort(text: string): boolean {
  return Number(text) <= 65_535 && String(Number(text)) === text
}

function readVersion2(bytes: Buffer): ProxyHeader | ProxyHeaderFault {
  const known = Math.min(bytes.length, SIGNATURE.length)
  if (bytes.compare(SIGNATURE, 0, known, 0, known) !== 0) return 'malformed'
  if (bytes.length < V2_FIXED_BYTES) return 'incomplete'
  const version = bytes[12]! >> 4
  const command = bytes[12]! & 15
  const rest = bytes.readUInt16BE(14)
  if (version !== 2 || command > 1 || rest > V2_MAX_BYTES) return 'malformed'
  const length = V2_FIXED_BYTES + rest
  if (bytes.length < length) return 'incomplete'
  if (command === LOCAL) return { length, client: undefined }
  return readAddresses(bytes, length)
}

const LOCAL = 0

function readAddresses(bytes: Buffer, length: number): ProxyHeader | ProxyHeaderFault {
  const at = V2_FIXED_BYTES
  switch (bytes[13]! >> 4) {
    case 1: {
      if (length < at + 12) return 'malformed'
      const ip = bytes.subarray(at, at + 4).join('.')
      return { length, client: { ip, port: bytes.readUInt16BE(at + 8) } }
    }
    case 2: {
      if (length < at + 36) return 'malformed'
      const ip = ipv6Text(bytes.subarray(at, at + 16))
      return { length, client: { ip, port: bytes.readUInt16BE(at + 32) } }
    }
    case 0:
    case 3:
      // Unspecified or a unix socket: there is no address to tell.
      return { length, client: undefined }
    default:
      return 'malformed'
  }
}

/** In the canonical form of RFC 5952. */
function ipv6Text(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, group) =>
    bytes.readUInt16BE(group * 2).toString(16),
  ).join(':')
  return new URL(`http://[${groups}]/`).hostname.slice(1, -1)
}
