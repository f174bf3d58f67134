/**
 * Decodes base64url. Stricter than node:buffer, which skips what it does not know; looser than
 * RFC 7515 where Kong is: padding may be there, and the unused bits of the last letter be set.
 *
 * @returns `undefined` for other letters and for lengths that no bytes encode to
 */
export function decodeBase64Url(text: string): Buffer | undefined {
  const letters = plainLetters(text)
  if (letters === undefined) return undefined
  const bytes = Buffer.from(letters, 'base64url')
  // For every letter that was skipped there is less.
  return bytes.length === decodedLength(letters) ? bytes : undefined
}

/**
 * Decodes as {@link decodeBase64Url} does, into room that is there already.
 *
 * @param room as long as the text, at least
 * @returns how many bytes it came to; `undefined` when it is no base64url
 */
export function writeBase64Url(text: string, room: Buffer): number | undefined {
  const letters = plainLetters(text)
  if (letters === undefined) return undefined
  const length = room.write(letters, 0, 'base64url')
  return length === decodedLength(letters) ? length : undefined
}

const LETTERS = new Uint8Array(128)
for (let code = 0; code < 128; code += 1)
  LETTERS[code] = /[\w-]/.test(String.fromCharCode(code)) ? 1 : 0

/** Whether {@link decodeBase64Url} would decode it: for those who may not need the bytes. */
export function isBase64Url(text: string): boolean {
  const letters = text.endsWith('=') ? withoutPadding(text) : text
  if (letters.length % 4 === 1) return false
  for (let at = 0; at < letters.length; at += 1) {
    const code = letters.charCodeAt(at)
    if (code > 127 || LETTERS[code] === 0) return false
  }
  return true
}

function plainLetters(text: string): string | undefined {
  const letters = text.endsWith('=') ? withoutPadding(text) : text
  if (letters.length % 4 === 1) return undefined
  // The other alphabet of RFC 4648 is taken by node:buffer as well.
  if (letters.includes('+') || letters.includes('/')) return undefined
  // Of a letter beyond Latin-1 it takes the low byte.
  return Buffer.byteLength(letters) === letters.length ? letters : undefined
}

function decodedLength(letters: string): number {
  return Math.floor((letters.length * 3) / 4)
}

/**
 * Whether a text is the one that its bytes encode to: no padding, no other letters, and no bit set in
 * the last letter that says nothing.
 *
 * @see RFC 7515 §2, RFC 4648 §3.5
 */
export function isCanonicalBase64Url(text: string): boolean {
  return Buffer.from(text, 'base64url').toString('base64url') === text
}

function withoutPadding(text: string): string {
  return text.slice(0, text.endsWith('==') ? -2 : -1)
}
