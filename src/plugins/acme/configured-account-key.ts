import { createPrivateKey } from 'node:crypto'
import type { EntityLookup } from '../../plugin-kit/plugin.ts'
import type { Config } from './schema.ts'

/**
 * The private key among the entities that the configuration names.
 *
 * @returns PEM; nothing when none is named
 * @throws when it is not there, or has no private half
 */
export function configuredAccountKey(
  { account_key: named }: Config,
  entities: EntityLookup,
): string | undefined {
  // An absent record is read as one with nothing in it.
  const { key_id: kid, key_set: setName } = (named ?? {}) as Partial<Config['account_key']>
  if (typeof kid !== 'string') return undefined
  const set = setName === undefined ? undefined : entities.by('key_sets', 'name', setName)
  if (setName !== undefined && set === undefined)
    throw new Error(`could not load keyset: there is none called "${setName}"`)
  const row = entities.rows('keys').find((each) => {
    const owner = each['set'] as { readonly id: string } | null | undefined
    return each['kid'] === kid && owner?.id === set?.id
  })
  if (row === undefined) throw new Error(`could not load keys: there is none with kid "${kid}"`)
  const pem = (row['pem'] as { readonly private_key?: string | null } | null)?.private_key
  if (typeof pem === 'string') return pem
  const jwk = row['jwk']
  if (typeof jwk !== 'string') throw new Error(`The key "${kid}" has no private half`)
  const key = createPrivateKey({ key: JSON.parse(jwk) as object, format: 'jwk' } as never)
  return key.export({ format: 'pem', type: 'pkcs8' }).toString()
}
