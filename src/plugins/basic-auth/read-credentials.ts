import { isUtf8 } from 'node:buffer'

export interface NameAndPassword {
  readonly username: string
  /** As bytes: it need not be text. */
  readonly password: Uint8Array
}

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/
const COLON = 0x3a

/**
 * Reads an `Authorization: Basic` value. As in Kong the scheme has two spellings, need not stand at
 * the beginning or be followed by a space, and padding may be missing.
 *
 * @returns `undefined` for other schemes and for what is not base64 of a name, a colon and the rest
 * @see RFC 7617 §2
 */
export function readCredentials(value: string): NameAndPassword | undefined {
  const encoded = /[Bb]asic\s*(.+)$/.exec(value.trimEnd())?.[1]
  if (encoded === undefined || !BASE64.test(encoded)) return undefined
  if (encoded.replaceAll('=', '').length % 4 === 1) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  const colon = bytes.indexOf(COLON)
  if (colon < 1) return undefined
  const name = bytes.subarray(0, colon)
  if (!isUtf8(name)) return undefined
  return { username: name.toString('utf8'), password: bytes.subarray(colon + 1) }
}
