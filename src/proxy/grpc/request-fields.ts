import type { OutgoingHttpHeaders } from 'node:http2'
import { CONNECTION_FIELDS } from '../../http/http2-fields.ts'

/**
 * A request head as HTTP/2 has it. `TE: trailers` is always among it: gRPC servers ask for it, and
 * the gateway takes trailers whether its client does or not.
 *
 * @param text an HTTP/1.1 head with its empty line, a character a byte
 */
export function http2RequestFields(text: string, scheme: 'http' | 'https'): OutgoingHttpHeaders {
  const lineEnd = text.indexOf('\r\n')
  const [method = '', target = ''] = text.slice(0, lineEnd).split(' ')
  const headers = Object.create(null) as Record<string, string | string[]>
  headers[':method'] = method
  headers[':scheme'] = scheme
  headers[':path'] = target
  let at = lineEnd + 2
  for (;;) {
    const end = text.indexOf('\r\n', at)
    if (end <= at) break
    addLine(headers, text.slice(at, end))
    at = end + 2
  }
  headers['te'] = 'trailers'
  return headers
}

function addLine(headers: Record<string, string | string[]>, line: string): void {
  const colon = line.indexOf(':')
  const name = line.slice(0, colon).toLowerCase()
  if (CONNECTION_FIELDS.has(name)) return
  const value = line.slice(colon + 1).trim()
  const key = name === 'host' ? ':authority' : name
  const known = headers[key]
  if (known === undefined) headers[key] = value
  else headers[key] = Array.isArray(known) ? [...known, value] : [known, value]
}
