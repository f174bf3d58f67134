const BEYOND_ASCII = /[^\0-\x7F]/

/** Configured text as a request carries it: the bytes of its UTF-8, one character a byte. */
export function toBytes(text: string): string {
  return BEYOND_ASCII.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text
}

/** The text that bytes mean in UTF-8; bytes that are none stay as they are. */
export function fromBytes(bytes: string): string {
  if (!BEYOND_ASCII.test(bytes)) return bytes
  try {
    return DECODER.decode(Buffer.from(bytes, 'latin1'))
  } catch {
    // Not UTF-8: patterns then see the bytes.
    return bytes
  }
}

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Lower case of ASCII letters alone, so that bytes of other letters stay what they are. */
export function asciiLower(bytes: string): string {
  return BEYOND_ASCII.test(bytes)
    ? bytes.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
    : bytes.toLowerCase()
}
