let buffer: Buffer | undefined
let bufferWords: Int32Array = new Int32Array(0)

/** Names the buffer that nearly all bytes are read into: in it four bytes are looked at a time. */
export function readByWords(read: Buffer): void {
  buffer = read
  bufferWords = new Int32Array(read.buffer, read.byteOffset, read.length >> 2)
}

/** The same bytes in words; `undefined` for every other buffer. */
export function wordsOf(bytes: Uint8Array): Int32Array | undefined {
  return bytes === buffer ? bufferWords : undefined
}
