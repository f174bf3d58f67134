/**
 * Fields that must not come after a body: they frame the message, route it, say who is asking, or
 * say how the body is to be read, and whoever merges trailers into the head would believe them.
 * @see RFC 9110 §6.5.1
 */
const FORBIDDEN: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'cookie',
  'date',
  'expires',
  'host',
  'keep-alive',
  'location',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'retry-after',
  'server',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'vary',
  'via',
  'warning',
  'www-authenticate',
])

// oxlint-disable-next-line no-control-regex -- no value has control bytes, and HTTP/2 cannot say them: RFC 9110 §5.5
const LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\0-\u0008\n-\u001F\u007F]*?)[ \t]*$/

/** One field of a trailer section. */
export type TrailerField = readonly [name: string, value: string]

/**
 * Fields of a trailer section that may go on; others, and lines that are no fields, are left out.
 * @param text lines that each end with CRLF, a character a byte
 */
export function trailerFields(text: string): readonly TrailerField[] {
  const fields: TrailerField[] = []
  for (const line of text.split('\r\n')) {
    const [, name, value] = LINE.exec(line) ?? []
    if (name !== undefined && value !== undefined && !FORBIDDEN.has(name.toLowerCase()))
      fields.push([name, value])
  }
  return fields
}
