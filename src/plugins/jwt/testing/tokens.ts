import {
  constants,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
  type SigningOptions,
} from 'node:crypto'
import { ALGORITHMS } from '../../../plugin-kit/jose/algorithms.ts'

/** What a test says about a token; all else is that of a good one. */
export interface TokenParts {
  readonly alg?: string
  readonly header?: Readonly<Record<string, unknown>>
  readonly claims?: Readonly<Record<string, unknown>>
  /** The secret as text, or a private key. */
  readonly key?: string | KeyObject
  /** Raw texts instead of JSON. */
  readonly headerText?: string
  readonly payloadText?: string
  /** Signs with this algorithm, whatever the header says. */
  readonly signedAs?: string
}

export const SECRET = 'a-secret-of-at-least-32-characters!'

/** A token whose signature is right. */
export function token(parts: TokenParts = {}): string {
  const { alg = 'HS256', header = {}, claims = { iss: 'key' }, key = SECRET } = parts
  const head = parts.headerText ?? JSON.stringify({ alg, ...header })
  const payload = parts.payloadText ?? JSON.stringify(claims)
  const signed = `${encode(head)}.${encode(payload)}`
  return `${signed}.${signatureOf(signed, parts.signedAs ?? alg, key)}`
}

export function encode(text: string | Uint8Array): string {
  return Buffer.from(text).toString('base64url')
}

/** @param name of an algorithm; any other one signs with HS256, which no verifier must accept */
export function signatureOf(signed: string, name: string, key: string | KeyObject): string {
  const algorithm = ALGORITHMS.get(name) ?? ALGORITHMS.get('HS256')!
  if (typeof key === 'string' || algorithm.kind === 'hmac') {
    const hash = algorithm.kind === 'hmac' ? algorithm.hash : 'sha256'
    return createHmac(hash, key).update(signed).digest('base64url')
  }
  const hash = algorithm.kind === 'eddsa' ? null : algorithm.hash
  return sign(hash, Buffer.from(signed), signingKey(algorithm, key)).toString('base64url')
}

function signingKey(
  algorithm: NonNullable<ReturnType<typeof ALGORITHMS.get>>,
  key: KeyObject,
): KeyObject | (SigningOptions & { readonly key: KeyObject }) {
  if (algorithm.kind === 'ecdsa') return { key, dsaEncoding: 'ieee-p1363' }
  if (algorithm.kind !== 'rsa' || !algorithm.isPss) return key
  return {
    key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  }
}

interface Keys {
  readonly privateKey: KeyObject
  readonly publicPem: string
}

const made = new Map<string, Keys>()

/** A key pair for an algorithm, made once a run; `ed448` is one for EdDSA as well. */
export function keysFor(name: string): Keys {
  const kind = kindOf(name)
  let keys = made.get(kind)
  if (keys === undefined) made.set(kind, (keys = makeKeys(kind)))
  return keys
}

/** Another pair of the same kind. */
export function otherKeysFor(name: string): Keys {
  const kind = `${kindOf(name)} other`
  let keys = made.get(kind)
  if (keys === undefined) made.set(kind, (keys = makeKeys(kindOf(name))))
  return keys
}

function kindOf(name: string): string {
  const algorithm = ALGORITHMS.get(name)
  if (algorithm?.kind === 'ecdsa') return algorithm.curve
  if (algorithm?.kind === 'eddsa') return 'ed25519'
  return algorithm === undefined ? name : 'rsa'
}

function makeKeys(kind: string): Keys {
  const { privateKey, publicKey } = pairOf(kind)
  return { privateKey, publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString() }
}

function pairOf(kind: string): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  switch (kind) {
    case 'rsa':
      return generateKeyPairSync('rsa', { modulusLength: 2048 })
    case 'ed25519':
      return generateKeyPairSync('ed25519')
    case 'ed448':
      return generateKeyPairSync('ed448')
    default:
      return generateKeyPairSync('ec', { namedCurve: kind })
  }
}

/** The public key for an algorithm as a JSON Web Key, with whatever else a set says of it. */
export function jwkFor(
  name: string,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return { ...createPublicKey(keysFor(name).publicPem).export({ format: 'jwk' }), ...more }
}
