/** What a client that speaks HTTP/2 sends first. @see RFC 9113 §3.4 */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

/** Whether bytes begin with the preface of HTTP/2, or may once more have come. */
export function prefaceIn(bytes: Buffer, start: number, end: number): 'whole' | 'begun' | 'none' {
  const length = Math.min(end - start, PREFACE.length)
  if (PREFACE.compare(bytes, start, start + length, 0, length) !== 0) return 'none'
  return length === PREFACE.length ? 'whole' : 'begun'
}
