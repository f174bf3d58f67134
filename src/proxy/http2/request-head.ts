import { randomBytes } from 'node:crypto'

/** A request head that came over HTTP/2, as the text the codec reads. */
export interface RequestText {
  readonly text: string
  readonly awaitsContinue: boolean
  /** What is to be spoken in the tunnel that an extended CONNECT asks for. */
  readonly protocol: string | undefined
}

interface Parts {
  /** Values of the pseudo-fields and of `host`. */
  readonly special: Map<string, string>
  readonly cookies: string[]
  lines: string
  awaitsContinue: boolean
}

/**
 * Writes an HTTP/2 request head as HTTP/1.1, so that one codec with one set of checks reads all
 * requests. `:authority` becomes Host, cookie crumbs become one field again.
 *
 * @param raw names and values in turn, in the order they came
 * @returns nothing when the head cannot be written without becoming another one
 * @see RFC 9113 §8.3.1, §8.2.3
 */
export function requestText(raw: readonly string[]): RequestText | undefined {
  const parts: Parts = { special: new Map(), cookies: [], lines: '', awaitsContinue: false }
  for (let index = 0; index < raw.length; index += 2)
    if (!addField(parts, raw[index]!, raw[index + 1]!)) return undefined
  const { special, cookies, lines, awaitsContinue } = parts
  const protocol = special.get(':protocol')
  const start = requestStart(special.get(':method'), special.get(':path'), protocol)
  const host = special.get('host')
  const authority = special.get(':authority') ?? host
  // Two names for one host are two requests in one.
  if (start === undefined || (host ?? authority) !== authority) return undefined
  const hostLine = authority === undefined ? '' : `Host: ${authority}\r\n`
  const cookieLine = cookies.length === 0 ? '' : `cookie: ${cookies.join('; ')}\r\n`
  const upgradeLines = protocol === undefined ? '' : upgradeTo(protocol)
  const text = `${start} HTTP/1.1\r\n${hostLine}${lines}${upgradeLines}${cookieLine}\r\n`
  return { text, awaitsContinue, protocol }
}

function requestStart(
  method: string | undefined,
  path: string | undefined,
  protocol: string | undefined,
): string | undefined {
  if (method === undefined || path === undefined) return undefined
  if (protocol === undefined) return `${method} ${path}`
  return method === 'CONNECT' ? `GET ${path}` : undefined
}

/**
 * The same wish as HTTP/1.1 has it. Over HTTP/2 no key is sent, and no answer to it expected, so
 * that the upstream gets one of the gateway's.
 *
 * @see RFC 8441 §5, RFC 6455 §4.1
 */
function upgradeTo(protocol: string): string {
  const key = randomBytes(16).toString('base64')
  return `Connection: Upgrade\r\nUpgrade: ${protocol}\r\nSec-WebSocket-Key: ${key}\r\n`
}

const BREAKS_LINE = /[\r\n\0]/

/** @returns false for a field that makes the head a wrong one */
function addField(parts: Parts, name: string, value: string): boolean {
  if (BREAKS_LINE.test(value)) return false
  if (name.startsWith(':') || name === 'host') {
    if (parts.special.has(name)) return false
    parts.special.set(name, value)
  } else if (name === 'cookie') parts.cookies.push(value)
  else {
    if (name === 'expect' && value.toLowerCase() === '100-continue') parts.awaitsContinue = true
    parts.lines += `${name}: ${value}\r\n`
  }
  return true
}
