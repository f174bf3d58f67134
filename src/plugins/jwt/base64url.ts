const LETTERS = /^[A-Za-z0-9_-]*={0,2}$/

/**
 * Decodes base64url. Stricter than node:buffer, which skips what it does not know; looser than
 * RFC 7515 where Kong is: padding may be there, and the unused bits of the last letter be set.
 *
 * @returns `undefined` for other letters and for lengths that no bytes encode to
 */
export function decodeBase64Url(text: string): Buffer | undefined {
  if (!LETTERS.test(text)) return undefined
  const padding = text.indexOf('=')
  const letters = padding === -1 ? text : text.slice(0, padding)
  return letters.length % 4 === 1 ? undefined : Buffer.from(letters, 'base64url')
}
