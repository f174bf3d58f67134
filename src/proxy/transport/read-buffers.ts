/** Bytes that one read takes at most. */
export const READ_BUFFER_BYTES = 65_536

const memory = new WeakSet<ArrayBufferLike>()

/** A buffer for connections to read into, one read after the other. */
export function newReadBuffer(): Buffer {
  const buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES)
  memory.add(buffer.buffer)
  return buffer
}

/** Whether bytes lie where the next read may put others: whoever keeps them must copy them. */
export function isReadBuffer(bytes: Buffer): boolean {
  return memory.has(bytes.buffer)
}
