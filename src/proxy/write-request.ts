import { JOINED_BYTES, type Transport } from './transport/transport.ts'

/** Writes a request whole. @param head latin1 */
export function writeRequest(transport: Transport, head: string, body: Buffer | undefined): void {
  if (body === undefined) transport.writeText(head)
  else if (body.length <= JOINED_BYTES) transport.writeText(head + body.latin1Slice())
  else {
    transport.writeText(head)
    transport.writeBytes(body)
  }
}

/** A piece of a body as one chunk. See RFC 9112 §7.1. */
export function asChunk(bytes: Buffer): Buffer {
  const size = `${bytes.length.toString(16)}\r\n`
  const chunk = Buffer.allocUnsafe(size.length + bytes.length + 2)
  chunk.latin1Write(size)
  bytes.copy(chunk, size.length)
  chunk.latin1Write('\r\n', chunk.length - 2)
  return chunk
}
