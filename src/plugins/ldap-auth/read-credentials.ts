import { isUtf8 } from 'node:buffer'

export interface NameAndPassword {
  readonly username: string
  readonly password: string
}

/**
 * Reads a header of a scheme and base64 of a name, a colon and a password.
 * @returns `undefined` for other schemes, and without a password: a server takes a name alone for
 * somebody anonymous, who may always come in
 */
export function readCredentials(value: string, scheme: string): NameAndPassword | undefined {
  const trimmed = value.trimStart()
  if (trimmed.slice(0, scheme.length).toLowerCase() !== scheme.toLowerCase()) return undefined
  const encoded = /^ +([A-Za-z0-9+/]+={0,2}) *$/.exec(trimmed.slice(scheme.length))?.[1]
  if (encoded === undefined) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  if (!isUtf8(bytes)) return undefined
  const text = bytes.toString()
  const colon = text.indexOf(':')
  const password = text.slice(colon + 1)
  return colon < 1 || password === '' ? undefined : { username: text.slice(0, colon), password }
}
