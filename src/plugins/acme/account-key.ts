import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  sign,
  type KeyObject,
} from 'node:crypto'
import { promisify } from 'node:util'

/** A JSON Web Signature in the form that ACME sends. @see RFC 7515 §7.2.2 */
export interface SignedBody {
  readonly protected: string
  readonly payload: string
  readonly signature: string
}

/** The key by which an authority knows an account. */
export interface AccountKey {
  /** Its public half. @see RFC 7517 */
  readonly jwk: Readonly<Record<string, string>>
  /** @see RFC 7638 */
  readonly thumbprint: string
  /** @param header without `alg` */
  sign(header: Readonly<Record<string, unknown>>, payload: string): SignedBody
}

/** @returns PEM */
export async function newPrivateKey(kind: 'rsa' | 'ecc', bits = 4096): Promise<string> {
  const { privateKey } =
    kind === 'rsa'
      ? await promisify(generateKeyPair)('rsa', { modulusLength: bits })
      : await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
  return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
}

/** @throws when the text is no private key, or one of a kind that cannot sign here */
export function accountKey(pem: string): AccountKey {
  const key = createPrivateKey(pem)
  const algorithm = algorithmOf(key)
  const jwk = publicMembers(key)
  return {
    jwk,
    thumbprint: createHash('sha256').update(JSON.stringify(jwk)).digest('base64url'),
    sign(header, payload) {
      const head = encode(JSON.stringify({ alg: algorithm.name, ...header }))
      const body = encode(payload)
      const signature = sign(algorithm.hash, Buffer.from(`${head}.${body}`), {
        key,
        dsaEncoding: 'ieee-p1363',
      })
      return { protected: head, payload: body, signature: signature.toString('base64url') }
    },
  }
}

/**
 * Ties an account to one that the authority knows otherwise.
 *
 * @param hmacKey base64url
 * @see RFC 8555 §7.3.4
 */
export function externalBinding(
  { jwk }: AccountKey,
  account: { readonly keyId: string; readonly hmacKey: string },
  url: string,
): SignedBody {
  const head = encode(JSON.stringify({ alg: 'HS256', kid: account.keyId, url }))
  const body = encode(JSON.stringify(jwk))
  const signature = createHmac('sha256', Buffer.from(account.hmacKey, 'base64url'))
    .update(`${head}.${body}`)
    .digest('base64url')
  return { protected: head, payload: body, signature }
}

function algorithmOf(key: KeyObject): { readonly name: string; readonly hash: string } {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (type === 'rsa') return { name: 'RS256', hash: 'sha256' }
  if (type === 'ec' && details?.namedCurve === 'prime256v1')
    return { name: 'ES256', hash: 'sha256' }
  if (type === 'ec' && details?.namedCurve === 'secp384r1') return { name: 'ES384', hash: 'sha384' }
  throw new TypeError(
    `An account key of kind "${type}" cannot sign: it must be RSA, P-256 or P-384`,
  )
}

/** In the order of names, which a thumbprint needs. */
function publicMembers(key: KeyObject): Readonly<Record<string, string>> {
  const jwk = createPublicKey(key).export({ format: 'jwk' }) as Record<string, string>
  return Object.fromEntries(
    Object.entries(jwk).toSorted(([one], [other]) => (one < other ? -1 : 1)),
  )
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url')
}
