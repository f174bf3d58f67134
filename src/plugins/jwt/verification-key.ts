import { createSecretKey, type KeyObject } from 'node:crypto'
import { keyMisfit, type Algorithm } from '../../plugin-kit/jose/algorithms.ts'
import { decodeBase64Url } from '../../plugin-kit/jose/base64url.ts'
import type { JwtCredential } from './credential.ts'
import { loadPublicKey } from '../../plugin-kit/jose/public-key.ts'

/** The key that tokens of a credential are verified with, or why there is none. */
export type VerificationKey =
  | { readonly kind: 'ready'; readonly key: KeyObject }
  /** The credential has nothing that could be a key. */
  | { readonly kind: 'unusable'; readonly why: string }
  /** A key, but one that cannot have made signatures of this algorithm. */
  | { readonly kind: 'misfit'; readonly why: string }

export type KeyFinder = (credential: JwtCredential, algorithm: Algorithm) => VerificationKey

/**
 * Finds the key of a credential, decoding it at first use only. A credential is replaced, never
 * changed, so what was found holds as long as the credential lives.
 */
export function keyFinder(secretIsBase64: boolean): KeyFinder {
  const found = new WeakMap<JwtCredential, VerificationKey>()
  return function find(credential, algorithm) {
    const known = found.get(credential)
    if (known !== undefined) return known
    const key = findKey(credential, algorithm, secretIsBase64)
    found.set(credential, key)
    return key
  }
}

function findKey(
  credential: JwtCredential,
  algorithm: Algorithm,
  secretIsBase64: boolean,
): VerificationKey {
  if (algorithm.kind === 'hmac') return secretKey(credential.secret ?? '', secretIsBase64)
  const text = credential.rsa_public_key ?? ''
  if (text === '') return { kind: 'unusable', why: 'the credential has no rsa_public_key' }
  const key = loadPublicKey(text)
  if (key === undefined) return { kind: 'unusable', why: 'rsa_public_key is not a key' }
  const why = keyMisfit(algorithm, key)
  return why === undefined ? { kind: 'ready', key } : { kind: 'misfit', why }
}

function secretKey(secret: string, isBase64: boolean): VerificationKey {
  const bytes = isBase64 ? decodeBase64Url(secret) : Buffer.from(secret)
  if (bytes === undefined)
    return { kind: 'unusable', why: 'secret_is_base64 is on, and the secret is not base64url' }
  if (bytes.length === 0) return { kind: 'unusable', why: 'the secret is empty' }
  return { kind: 'ready', key: createSecretKey(bytes) }
}
