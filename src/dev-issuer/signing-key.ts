import {
  createHash,
  generateKeyPairSync,
  sign as signBytes,
  verify as verifyBytes,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto'
import { isJsonObject, type JsonObject } from '../base/json.ts'

/** A key pair that lives as long as the process. */
export interface SigningKey {
  /** For the key set. */
  readonly publicJwk: Readonly<Record<string, unknown>>
  /** @returns a JWT of this type, in compact form */
  sign(claims: JsonObject, type: 'at+jwt' | 'JWT'): string
  /** Claims of a JWT that it has signed. */
  read(token: string): JsonObject | undefined
}

/** Makes a key for ES256. @see RFC 7518 §3.4 */
export function makeSigningKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = publicKey.export({ format: 'jwk' })
  const kid = thumbprint(jwk)
  return {
    publicJwk: { ...jwk, kid, alg: 'ES256', use: 'sig' },
    sign(claims, type) {
      const text = `${part({ alg: 'ES256', kid, typ: type })}.${part(claims)}`
      return `${text}.${signature(text, privateKey)}`
    },
    read: (token) => read(token, publicKey),
  }
}

/** @see RFC 7638 §3.2 */
function thumbprint({ crv, kty, x, y }: JsonWebKey): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function signature(text: string, key: KeyObject): string {
  const bytes = signBytes('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' })
  return bytes.toString('base64url')
}

function read(token: string, key: KeyObject): JsonObject | undefined {
  const [head = '', payload = '', given = '', ...more] = token.split('.')
  const text = Buffer.from(`${head}.${payload}`)
  const bytes = Buffer.from(given, 'base64url')
  if (more.length > 0) return undefined
  if (!verifyBytes('sha256', text, { key, dsaEncoding: 'ieee-p1363' }, bytes)) return undefined
  const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
  return isJsonObject(claims) ? claims : undefined
}
