import { createPrivateKey } from 'node:crypto'
import type { JWK } from 'jose'
import { isJsonObject, type JsonObject } from '../../base/json.ts'
import type { Entity } from '../../entities/entity.ts'
import { jwkOf } from '../../entities/public-keys.ts'
import { loadJose } from '../../plugin-kit/oauth/libraries.ts'
import type {
  AdminAnswer,
  AdminErrand,
  EntityLookup,
  NodeServices,
} from '../../plugin-kit/plugin.ts'

/**
 * Name of the key set with the keys that the gateway itself signs with, as a client of providers:
 * where a client has no `client_jwk`. Part of the configuration, so that all nodes have the same.
 */
export const OWN_KEY_SET = 'openid-connect'

/** What providers may ask signatures of clients to be made with. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA']
/** What every provider understands. OpenID Connect Core 1.0 §15.1 */
const USUAL = 'RS256'

/** The keys of the gateway itself, private and all, as rows of `keys`. */
export function ownKeyRows(entities: EntityLookup): readonly Entity[] {
  const set = entities.by('key_sets', 'name', OWN_KEY_SET)
  return set === undefined ? [] : entities.referring('keys', 'set', set.id)
}

/** @returns the newest key of the gateway for an algorithm, by default the usual one or any */
export function ownKey(entities: EntityLookup, algorithm: string | undefined): JWK | undefined {
  const newestFirst = ownKeyRows(entities).toSorted(
    (one, other) => createdAt(other) - createdAt(one),
  )
  const keys = newestFirst.flatMap((row) => privateJwk(row) ?? [])
  const fitting = (name: string): JWK | undefined => keys.find(({ alg }) => alg === name)
  return algorithm === undefined ? (fitting(USUAL) ?? keys[0]) : fitting(algorithm)
}

function createdAt({ created_at: at }: Entity): number {
  return typeof at === 'number' ? at : 0
}

/** @returns `undefined` for a key whose private half is not there, or that cannot be read */
function privateJwk(row: Entity): JWK | undefined {
  const { kid } = row as { readonly kid?: string }
  const jwk = jwkOf(row) ?? jwkOfPem(row['pem'])
  if (jwk?.['d'] === undefined) return undefined
  const { alg = usualAlgorithm(jwk) } = jwk
  return typeof alg === 'string' ? { ...jwk, alg, ...(kid !== undefined && { kid }) } : undefined
}

function jwkOfPem(pem: unknown): JsonObject | undefined {
  const secret = isJsonObject(pem) ? pem['private_key'] : undefined
  if (typeof secret !== 'string') return undefined
  try {
    return { ...createPrivateKey(secret).export({ format: 'jwk' }) }
  } catch {
    // The same, for a reference to a secret.
    return undefined
  }
}

/** What a key is good for that does not say so itself. */
function usualAlgorithm({ kty, crv }: JsonObject): string | undefined {
  if (kty === 'RSA') return USUAL
  if (kty === 'OKP') return 'EdDSA'
  const curves: Readonly<Record<string, string>> = {
    'P-256': 'ES256',
    'P-384': 'ES384',
    'P-521': 'ES512',
  }
  return typeof crv === 'string' ? curves[crv] : undefined
}

/**
 * Puts new keys in the place of those that the gateway signs with, or makes the first ones.
 *
 * @returns the answer of the Admin API that would not have it, or nothing
 */
export async function rotateOwnKeys(
  node: Pick<NodeServices, 'administer'>,
  entities: EntityLookup,
): Promise<AdminAnswer | undefined> {
  const path = `/key-sets/${OWN_KEY_SET}`
  const set: AdminErrand = { method: 'PUT', path, body: { name: OWN_KEY_SET } }
  const added = (await newKeys()).map((jwk): AdminErrand => {
    const body = { kid: jwk.kid, jwk: JSON.stringify(jwk) }
    return { method: 'POST', path: `${path}/keys`, body }
  })
  const gone = ownKeyRows(entities).map(({ id }): AdminErrand => {
    return { method: 'DELETE', path: `/keys/${id}` }
  })
  // The old ones go last, so that there is always one to sign with.
  for (const errand of [set, ...added, ...gone]) {
    const answer = (await node.administer?.(errand)) ?? READ_ONLY
    if (answer.status >= 300) return answer
  }
  return undefined
}

const READ_ONLY: AdminAnswer = {
  status: 405,
  body: { message: 'The configuration cannot be written from here' },
}

async function newKeys(): Promise<readonly JWK[]> {
  const jose = await loadJose()
  return Promise.all(
    ALGORITHMS.map(async (alg) => {
      const { privateKey } = await jose.generateKeyPair(alg, { extractable: true })
      const jwk = await jose.exportJWK(privateKey)
      return { ...jwk, alg, use: 'sig', kid: await jose.calculateJwkThumbprint(jwk) }
    }),
  )
}
