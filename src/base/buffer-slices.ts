declare global {
  interface Buffer {
    /** Bytes as a string of one character each; `toString('latin1')` without its look-ups. */
    latin1Slice(start?: number, end?: number): string
    /** Writes one byte a character. @returns bytes written */
    latin1Write(text: string, offset?: number, length?: number): number
  }
}

/** UTF-8 bytes of a text as a string of one character each, as header lines are held. */
export function toByteString(text: string): string {
  for (let index = 0; index < text.length; index += 1)
    if (text.charCodeAt(index) > 127) return Buffer.from(text, 'utf8').latin1Slice()
  return text
}

/** The text whose UTF-8 bytes a string has one a character; the counterpart of {@link toByteString}. */
export function fromByteString(bytes: string): string {
  for (let index = 0; index < bytes.length; index += 1)
    if (bytes.charCodeAt(index) > 127) return Buffer.from(bytes, 'latin1').toString('utf8')
  return bytes
}

const UNSAFE = /[\0\r\n]/g

/**
 * A value fit for a header line whatever it holds: no line break can end it, and letters beyond
 * latin1 become their UTF-8 bytes.
 */
export function toHeaderValue(text: string): string {
  let highest = 0
  let isUnsafe = false
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (code > highest) highest = code
    if (code === 10 || code === 13 || code === 0) isUnsafe = true
  }
  const clean = isUnsafe ? text.replaceAll(UNSAFE, ' ') : text
  return highest > 255 ? toByteString(clean) : clean
}

/** The same text in one piece: what is put together of parts is walked through on each use. */
export function flat(byteString: string): string {
  return Buffer.from(byteString, 'latin1').latin1Slice()
}
