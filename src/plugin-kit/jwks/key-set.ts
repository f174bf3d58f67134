import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'
import { isJsonObject, type JsonObject } from '../../base/json.ts'
import { keyMisfit, type Algorithm } from '../jose/algorithms.ts'
import { decodeBase64Url } from '../jose/base64url.ts'

/** A key that an issuer signs with. */
export interface TrustedKey {
  readonly kid: string | undefined
  /** The only algorithm it is for, where its issuer says so. */
  readonly alg: string | undefined
  readonly key: KeyObject
  /**
   * Unix seconds until which signatures of it count. An issuer that withdraws the key ends it at
   * once, also for those who remember what it signed.
   */
  usableUntil: number
}

/** Keys as read; their text tells whether a key is the same as before. */
export interface ReadKey {
  readonly text: string
  readonly kid: string | undefined
  readonly alg: string | undefined
  readonly key: KeyObject
}

export interface KeySetText {
  readonly keys: readonly ReadKey[]
  /** What deserves a warning, without anything secret. */
  readonly warnings: readonly string[]
}

/** More keys than any issuer has. */
const MAX_KEYS = 100
/** Without a key's name this many that fit are tried. */
const MAX_TRIED = 8
const MIN_RSA_BITS = 2048
const MIN_SECRET_BYTES = 32

/**
 * Reads a JSON Web Key Set. Keys that are of no use for verifying signatures are left out: for
 * encryption, of an unknown kind, or broken.
 *
 * @param value parsed JSON
 * @param takesSecrets whether keys of type `oct` count; what everybody can fetch is no secret
 * @throws {Error} when it is no key set, or no key of it is of use
 * @see RFC 7517 §5
 */
export function readKeySet(value: unknown, takesSecrets: boolean): KeySetText {
  const list = isJsonObject(value) ? value['keys'] : undefined
  if (!Array.isArray(list)) throw new Error('it is no JSON Web Key Set: "keys" is not a list')
  if (list.length > MAX_KEYS) throw new Error(`it has more than ${MAX_KEYS} keys`)
  const keys = list.filter(isForSignatures).flatMap((jwk) => readKey(jwk, takesSecrets) ?? [])
  if (keys.length === 0) throw new Error('no key in it can verify signatures')
  return { keys, warnings: keys.flatMap(warningsAbout) }
}

/** Keys that may have made a signature: by name where the token has one, else all that fit. */
export function fittingKeys(
  keys: readonly TrustedKey[],
  wanted: {
    readonly kid: string | undefined
    readonly algorithmName: string
    readonly algorithm: Algorithm
  },
): readonly TrustedKey[] {
  const { kid, algorithmName, algorithm } = wanted
  return keys
    .filter(
      (key) =>
        (kid === undefined || key.kid === kid) &&
        (key.alg === undefined || key.alg === algorithmName) &&
        keyMisfit(algorithm, key.key) === undefined,
    )
    .slice(0, MAX_TRIED)
}

/** @see RFC 7517 §4.2, §4.3 */
function isForSignatures(jwk: unknown): jwk is JsonObject {
  if (!isJsonObject(jwk)) return false
  const { use, key_ops: operations } = jwk
  if (use !== undefined && use !== 'sig') return false
  return operations === undefined || (Array.isArray(operations) && operations.includes('verify'))
}

function readKey(jwk: JsonObject, takesSecrets: boolean): ReadKey | undefined {
  const key = keyOf(jwk, takesSecrets)
  if (key === undefined) return undefined
  const { kid, alg } = jwk
  return {
    text: JSON.stringify(jwk),
    kid: typeof kid === 'string' ? kid : undefined,
    alg: typeof alg === 'string' ? alg : undefined,
    key,
  }
}

function keyOf(jwk: JsonObject, takesSecrets: boolean): KeyObject | undefined {
  if (jwk['kty'] === 'oct') {
    const { k } = jwk
    const bytes = takesSecrets && typeof k === 'string' ? decodeBase64Url(k) : undefined
    return bytes === undefined || bytes.length === 0 ? undefined : createSecretKey(bytes)
  }
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    // With an exponent of 1 a signature is what it signs: anybody can make one.
    const exponent = key.asymmetricKeyDetails?.publicExponent
    return exponent !== undefined && exponent < 3n ? undefined : key
  } catch {
    // Of a kind that is unknown here, or broken: others of the set may be good.
    return undefined
  }
}

/** @see RFC 7518 §3.2, §3.3 */
function warningsAbout({ kid = '', key }: ReadKey): readonly string[] {
  const { symmetricKeySize: bytes = MIN_SECRET_BYTES, asymmetricKeyDetails: details } = key
  const bits = details?.modulusLength ?? MIN_RSA_BITS
  const name = JSON.stringify(kid)
  if (bytes < MIN_SECRET_BYTES)
    return [`key ${name} has ${bytes} bytes, secrets should have ${MIN_SECRET_BYTES}`]
  if (bits < MIN_RSA_BITS)
    return [`key ${name} has ${bits} bits, RSA keys should have ${MIN_RSA_BITS}`]
  return []
}
