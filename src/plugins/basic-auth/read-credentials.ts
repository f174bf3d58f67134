import { isUtf8 } from 'node:buffer'

export interface NameAndPassword {
  readonly username: string
  /** As bytes: it need not be text. */
  readonly password: Uint8Array
}

/** Nothing behind the padding is read, as nginx has it. */
const BASE64 = /^([A-Za-z0-9+/]+)(?:=.*)?$/s
const COLON = 0x3a
const LINE_FEED = 0x0a

/**
 * Reads an `Authorization: Basic` value. As in Kong the scheme has two spellings, need not stand at
 * the beginning or be followed by a space, padding may be missing, and the password ends with its
 * line: whoever encodes a line of text encodes its end as well.
 *
 * @returns `undefined` for other schemes and for what is not base64 of a name, a colon and the rest
 * @see RFC 7617 §2
 */
export function readCredentials(value: string): NameAndPassword | undefined {
  const encoded = /[Bb]asic\s*(.+)$/.exec(value.trimEnd())?.[1] ?? ''
  const letters = BASE64.exec(encoded)?.[1]
  if (letters === undefined || letters.length % 4 === 1) return undefined
  const bytes = Buffer.from(letters, 'base64')
  const colon = bytes.indexOf(COLON)
  if (colon < 1) return undefined
  const name = bytes.subarray(0, colon)
  if (!isUtf8(name)) return undefined
  const lineEnd = bytes.indexOf(LINE_FEED, colon)
  const password = bytes.subarray(colon + 1, lineEnd === -1 ? undefined : lineEnd)
  return { username: name.toString('utf8'), password }
}
