import { createPrivateKey, createPublicKey, type JsonWebKey } from 'node:crypto'
import { isJsonObject } from '../base/json.ts'
import { record, string } from '../schema/field.ts'
import type { EntityCheck } from '../schema/field.ts'
import { isVaultReference } from '../schema/vault-reference.ts'
import type { EntityKind } from './entity.ts'
import { CREATED_AT, ID, owner, TAGS, UPDATED_AT } from './fields.ts'
import { privateKey, publicKey } from './pem.ts'

const pem = record(
  {
    private_key: string({
      description: 'The private key in PEM format.',
      required: false,
      referenceable: true,
      encrypted: true,
    }),
    public_key: string({
      description: 'The public key in PEM format.',
      required: false,
      referenceable: true,
    }),
  },
  {
    description: 'A keypair in PEM format.',
    required: false,
    entity_checks: [{ at_least_one_of: ['private_key', 'public_key'] }],
    custom_validator: pairFault,
  },
)

interface KeyPair {
  readonly private_key?: string
  readonly public_key?: string
}

function pairFault({ private_key: secret, public_key: open }: KeyPair): string | undefined {
  // What a reference stands for is not known here.
  if (isVaultReference(secret) || isVaultReference(open)) return undefined
  const publicHalf = open === undefined ? undefined : publicKey(open)
  if (open !== undefined && publicHalf === undefined) return 'could not load public key'
  const privateHalf = secret === undefined ? undefined : privateKey(secret)
  if (secret !== undefined && privateHalf === undefined) return 'could not load private key'
  if (publicHalf === undefined || privateHalf === undefined) return undefined
  return createPublicKey(privateHalf).equals(publicHalf)
    ? undefined
    : 'public key does not match private key'
}

const checks: readonly EntityCheck[] = [
  { mutually_exclusive: ['jwk', 'pem'] },
  { at_least_one_of: ['jwk', 'pem'] },
  {
    custom_entity_check: {
      field_sources: ['jwk', 'pem', 'kid'],
      fn: ({ jwk, kid }) => (jwk === undefined ? undefined : jwkFault(jwk, kid)),
    },
  },
]

function jwkFault(text: string, kid: string | undefined): string | undefined {
  let jwk: unknown
  try {
    jwk = JSON.parse(text)
  } catch {
    return 'could not json decode jwk string'
  }
  if (!isJsonObject(jwk)) return 'could not json decode jwk string'
  if (jwk['kid'] !== kid) return 'kid in jwk.kid must be equal to keys.kid'
  return isLoadable(jwk) ? undefined : 'could not load JWK, likely not a valid key'
}

function isLoadable(jwk: JsonWebKey): boolean {
  // A symmetric key is its bytes; there is nothing to load.
  if (jwk.kty === 'oct') return typeof jwk['k'] === 'string'
  try {
    const create = jwk['d'] === undefined ? createPublicKey : createPrivateKey
    create({ key: jwk, format: 'jwk' })
    return true
  } catch {
    // Not loading is the answer asked for.
    return false
  }
}

export const keys: EntityKind = {
  name: 'keys',
  endpointKey: 'name',
  cacheKey: ['kid', 'set'],
  uniqueTogether: [['kid', 'set']],
  fields: {
    id: ID,
    set: owner('key_sets', {
      description: 'The id of the key-set with which to associate the key.',
      required: false,
    }),
    name: string({
      description: 'The name to associate with the given key.',
      required: false,
      unique: true,
    }),
    kid: string({
      description: 'A unique identifier for a key.',
      required: true,
      unique: false,
    }),
    jwk: string({
      description: 'A JSON Web Key represented as a string.',
      referenceable: true,
      encrypted: true,
    }),
    pem,
    tags: TAGS,
    created_at: CREATED_AT,
    updated_at: UPDATED_AT,
  },
  checks,
}
