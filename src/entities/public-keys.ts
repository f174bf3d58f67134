import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { isJsonObject, type JsonObject } from '../base/json.ts'
import type { Entity } from './entity.ts'
import { privateKey, publicKey } from './pem.ts'

/** Members that say what a public key is for. Those of the private half may say `sign`, so they stay. */
const KEPT = ['alg', 'use'] as const

/**
 * The public half of rows of the kind `keys` as a JSON Web Key Set: nothing in it is secret. Symmetric
 * keys have no such half and are left out.
 *
 * @param rows with references to secrets resolved
 */
export function publicKeySet(rows: readonly Entity[]): { readonly keys: readonly JsonObject[] } {
  return { keys: rows.map(publicJwk).filter(isPresent) }
}

/** What signatures are verified with: as {@link publicKeySet}, and with symmetric keys. */
export function verifyingKeySet(rows: readonly Entity[]): { readonly keys: readonly JsonObject[] } {
  return { keys: rows.map((row) => publicJwk(row) ?? symmetricJwk(row)).filter(isPresent) }
}

function isPresent(jwk: JsonObject | undefined): jwk is JsonObject {
  return jwk !== undefined
}

function publicJwk(row: Entity): JsonObject | undefined {
  const jwk = jwkOf(row)
  const key = jwk === undefined ? keyOfPem(row['pem']) : keyOfJwk(jwk)
  if (key === undefined) return undefined
  const kept = KEPT.flatMap((name) => (jwk?.[name] === undefined ? [] : [[name, jwk[name]]]))
  return { kid: row['kid'], ...key.export({ format: 'jwk' }), ...Object.fromEntries(kept) }
}

function symmetricJwk(row: Entity): JsonObject | undefined {
  const jwk = jwkOf(row)
  return jwk?.['kty'] === 'oct' ? jwk : undefined
}

/** @returns the key of a row that holds it as a JSON Web Key and can be read */
export function jwkOf({ jwk: text }: Entity): JsonObject | undefined {
  if (typeof text !== 'string') return undefined
  try {
    const jwk: unknown = JSON.parse(text)
    return isJsonObject(jwk) ? jwk : undefined
  } catch {
    // A reference that was not resolved; the log says so.
    return undefined
  }
}

function keyOfJwk(jwk: JsonObject): KeyObject | undefined {
  if (jwk['kty'] === 'oct') return undefined
  const key = jwk as JsonWebKey
  try {
    return jwk['d'] === undefined
      ? createPublicKey({ key, format: 'jwk' })
      : createPublicKey(createPrivateKey({ key, format: 'jwk' }))
  } catch {
    // Of a kind that is unknown here: others of the set may be good.
    return undefined
  }
}

function keyOfPem(pem: unknown): KeyObject | undefined {
  if (!isJsonObject(pem)) return undefined
  const { public_key: open, private_key: secret } = pem
  if (typeof open === 'string') return publicKey(open)
  const half = typeof secret === 'string' ? privateKey(secret) : undefined
  return half && createPublicKey(half)
}
