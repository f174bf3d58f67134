import { createPublicKey, type KeyObject } from 'node:crypto'
import { isJsonObject } from '../../base/json.ts'

/**
 * Loads a key given as PEM or as a JSON Web Key; of a private key its public half. As in Kong it may
 * be of any type here: whether it fits the algorithm is seen when a token comes.
 *
 * @returns `undefined` for what is not a key, certificates among it
 */
export function loadPublicKey(text: string): KeyObject | undefined {
  const trimmed = text.trim()
  try {
    if (trimmed.startsWith('{')) {
      const jwk: unknown = JSON.parse(trimmed)
      return isJsonObject(jwk) ? createPublicKey({ key: jwk, format: 'jwk' }) : undefined
    }
    return /^-----BEGIN [A-Z ]*KEY-----/m.test(trimmed) ? createPublicKey(trimmed) : undefined
  } catch {
    // OpenSSL's message says nothing that helps; the caller says which credential it is.
    return undefined
  }
}
