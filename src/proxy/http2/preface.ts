/** What a client that speaks HTTP/2 sends first. @see RFC 9113 §3.4 */
export const HTTP2_PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

/** Whether bytes are the preface or a part of it, as far as they go. */
export function beginsWithPreface(bytes: Buffer, start: number, end: number): boolean {
  const length = Math.min(end - start, HTTP2_PREFACE.length)
  return HTTP2_PREFACE.compare(bytes, start, start + length, 0, length) === 0
}
