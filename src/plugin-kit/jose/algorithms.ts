import {
  constants,
  createHmac,
  timingSafeEqual,
  verify,
  type KeyObject,
  type VerifyKeyObjectInput,
} from 'node:crypto'
import { equalSecrets } from '../equal-secrets.ts'
import { decodeBase64Url } from './base64url.ts'

/** How a signature is made, and which keys can have made it. */
export type Algorithm =
  | { readonly kind: 'hmac'; readonly hash: string }
  | { readonly kind: 'rsa'; readonly hash: string; readonly isPss: boolean }
  | { readonly kind: 'ecdsa'; readonly hash: string; readonly curve: string }
  | { readonly kind: 'eddsa' }

/** Kong's order, which is that of its messages. */
export const ALGORITHM_NAMES = [
  'HS256',
  'HS384',
  'HS512',
  'RS256',
  'RS384',
  'RS512',
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'EdDSA',
] as const

/**
 * The algorithms of tokens. `none` is not among them, and a name is only ever looked up here.
 * @see RFC 7518 §3.1, RFC 8037 §3.1
 */
export const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ['HS256', { kind: 'hmac', hash: 'sha256' }],
  ['HS384', { kind: 'hmac', hash: 'sha384' }],
  ['HS512', { kind: 'hmac', hash: 'sha512' }],
  ['RS256', { kind: 'rsa', hash: 'sha256', isPss: false }],
  ['RS384', { kind: 'rsa', hash: 'sha384', isPss: false }],
  ['RS512', { kind: 'rsa', hash: 'sha512', isPss: false }],
  ['ES256', { kind: 'ecdsa', hash: 'sha256', curve: 'prime256v1' }],
  ['ES384', { kind: 'ecdsa', hash: 'sha384', curve: 'secp384r1' }],
  ['ES512', { kind: 'ecdsa', hash: 'sha512', curve: 'secp521r1' }],
  ['PS256', { kind: 'rsa', hash: 'sha256', isPss: true }],
  ['PS384', { kind: 'rsa', hash: 'sha384', isPss: true }],
  ['PS512', { kind: 'rsa', hash: 'sha512', isPss: true }],
  ['EdDSA', { kind: 'eddsa' }],
])

/** Room for the code that a token should have and the one that it has, by hash. In base64url. */
const MACS: Readonly<Record<string, readonly [Buffer, Buffer]>> = {
  sha256: [Buffer.alloc(43), Buffer.alloc(43)],
  sha384: [Buffer.alloc(64), Buffer.alloc(64)],
  sha512: [Buffer.alloc(86), Buffer.alloc(86)],
}

export interface SignedText {
  /** Header and payload with the dot between them, as received. */
  readonly signed: string
  /** In base64url. */
  readonly signature: string
}

/** Why a key cannot have made signatures of this algorithm; `undefined` when it can. */
export function keyMisfit(algorithm: Algorithm, key: KeyObject): string | undefined {
  switch (algorithm.kind) {
    case 'hmac':
      return key.type === 'secret' ? undefined : 'the key is not a secret'
    case 'rsa': {
      const isFit = key.asymmetricKeyType === 'rsa' || isPssKey(algorithm, key)
      return isFit ? undefined : `the key is of type ${key.asymmetricKeyType}, not rsa`
    }
    case 'ecdsa': {
      const curve = key.asymmetricKeyDetails?.namedCurve
      return curve === algorithm.curve ? undefined : `the key is not on curve ${algorithm.curve}`
    }
    case 'eddsa': {
      const type = key.asymmetricKeyType
      const isFit = type === 'ed25519' || type === 'ed448'
      return isFit ? undefined : `the key is of type ${type}, not ed25519 or ed448`
    }
  }
}

/**
 * Whether the key made this signature. It must fit the algorithm by {@link keyMisfit}.
 *
 * ECDSA signatures are the two numbers side by side, never DER.
 *
 * @param salts of RSA-PSS: of any length, as in Kong, or as long as the hash, as RFC 7518 §3.5 has them
 */
export function isSignedBy(
  algorithm: Algorithm,
  key: KeyObject,
  text: SignedText,
  salts: 'any' | 'as-hash' = 'any',
): boolean {
  const { signed } = text
  if (algorithm.kind === 'hmac') {
    const mac = createHmac(algorithm.hash, key).update(signed, 'latin1').digest('base64url')
    return isMac(algorithm.hash, mac, text.signature)
  }
  const signature = decodeBase64Url(text.signature)
  if (signature === undefined) return false
  switch (algorithm.kind) {
    case 'rsa':
      return verify(algorithm.hash, bytesOf(signed), rsaKey(algorithm.isPss, key, salts), signature)
    case 'ecdsa': {
      const options = { key, dsaEncoding: 'ieee-p1363' } as const
      return verify(algorithm.hash, bytesOf(signed), options, signature)
    }
    case 'eddsa':
      return verify(null, bytesOf(signed), key, signature)
  }
}

/** Whether a text stands for a code. It mostly is the same text, which need not be decoded to see. */
function isMac(hash: string, mac: string, text: string): boolean {
  const [expected, given] = MACS[hash]!
  if (text.length === expected.length) {
    expected.latin1Write(mac)
    given.latin1Write(text)
    if (timingSafeEqual(expected, given) && mac === text) return true
  }
  const bytes = decodeBase64Url(text)
  return bytes !== undefined && equalSecrets(Buffer.from(mac, 'base64url'), bytes)
}

function isPssKey(algorithm: Algorithm & { readonly kind: 'rsa' }, key: KeyObject): boolean {
  if (!algorithm.isPss || key.asymmetricKeyType !== 'rsa-pss') return false
  // Such a key may be bound to one hash.
  const bound = key.asymmetricKeyDetails?.hashAlgorithm
  return bound === undefined || bound === algorithm.hash
}

/** PKCS #1 v1.5 is what a key alone stands for, and takes half the time then. */
function rsaKey(
  isPss: boolean,
  key: KeyObject,
  salts: 'any' | 'as-hash',
): KeyObject | VerifyKeyObjectInput {
  if (!isPss) return key
  const { RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_AUTO, RSA_PSS_SALTLEN_DIGEST } = constants
  const saltLength = salts === 'any' ? RSA_PSS_SALTLEN_AUTO : RSA_PSS_SALTLEN_DIGEST
  return { key, padding: RSA_PKCS1_PSS_PADDING, saltLength }
}

/** A token's letters are ASCII. */
function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}
