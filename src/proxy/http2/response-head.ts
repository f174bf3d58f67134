import type { OutgoingHttpHeaders } from 'node:http2'
import { CONNECTION_FIELDS } from '../../http/http2-fields.ts'

/** Whether a field of HTTP/1.1 is about the connection alone. @param name in lower case */
export function isConnectionField(name: string): boolean {
  // The second answers a key that is not sent here: RFC 8441 §5.
  return CONNECTION_FIELDS.has(name) || name === 'sec-websocket-accept'
}

const SWITCHING_PROTOCOLS = 101
const LAST_STATUS = 599
const BAD_GATEWAY = 502

/**
 * A response head as HTTP/2 has it.
 * @param text an HTTP/1.1 head with its empty line, a character a byte
 * @param asksForTunnel it answers a client that would take any success for an open tunnel
 */
export function http2ResponseHead(text: string, asksForTunnel = false): OutgoingHttpHeaders {
  const headers: Record<string, string | string[] | number> = Object.create(null) as Record<
    string,
    never
  >
  const status = Number(text.slice(9, 12))
  headers[':status'] = http2Status(status, asksForTunnel)
  let at = text.indexOf('\r\n') + 2
  for (;;) {
    const end = text.indexOf('\r\n', at)
    if (end <= at) return headers
    addLine(headers, text.slice(at, end))
    at = end + 2
  }
}

function http2Status(status: number, asksForTunnel: boolean): number {
  // A tunnel is opened as any other request is answered: RFC 8441 §5.
  if (status === SWITCHING_PROTOCOLS) return 200
  // An answer that opens none must not pass for one that does: RFC 9110 §9.3.6.
  if (asksForTunnel && status >= 200 && status < 300) return BAD_GATEWAY
  // There is no class of statuses above 5xx, as which clients take them: RFC 9110 §15.
  return status > LAST_STATUS ? BAD_GATEWAY : status
}

function addLine(headers: Record<string, string | string[] | number>, line: string): void {
  const colon = line.indexOf(':')
  const name = line.slice(0, colon).toLowerCase()
  if (isConnectionField(name)) return
  const value = line.slice(colon + 1).trim()
  const known = headers[name]
  if (known === undefined) headers[name] = value
  else headers[name] = Array.isArray(known) ? [...known, value] : [String(known), value]
}
