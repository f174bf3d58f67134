import type { PluginContext } from '../../plugin-kit/plugin.ts'
import type { JwtCredential } from './credential.ts'
import { loadPublicKey } from '../../plugin-kit/jose/public-key.ts'

/** With more credentials than this nobody reads warnings, and a reload should not take longer. */
const MAX_CREDENTIALS = 10_000
/** Named one by one. */
const MAX_NAMED = 10
/** A secret has at least as many bytes as the hash. RFC 7518 §3.2 */
const MIN_SECRET_BYTES: Readonly<Record<string, number>> = { HS256: 32, HS384: 48, HS512: 64 }
/** RFC 7518 §3.3 */
const MIN_RSA_BITS = 2048
/** No text of an RSA key of so many bits is shorter, so that others need not be loaded. */
const MIN_PEM_LETTERS = 400

/** Tells once of credentials whose keys can be guessed or computed. */
export function warnOfWeakKeys({ entities, node }: Pick<PluginContext, 'entities' | 'node'>): void {
  const told = node.keep('jwt weak keys', () => new WeakSet<object>())
  const rows = entities.rows('jwt_secrets') as readonly JwtCredential[]
  if (told.has(rows) || rows.length > MAX_CREDENTIALS) return
  told.add(rows)
  const weak = rows.flatMap((credential) => {
    if (told.has(credential)) return []
    told.add(credential)
    const why = weaknessOf(credential)
    return why === undefined ? [] : [`"${credential.key}" (${why})`]
  })
  if (weak.length === 0) return
  const more = weak.length > MAX_NAMED ? ` and ${weak.length - MAX_NAMED} more` : ''
  node.log.warn(
    `jwt: keys of these credentials are weak: ${weak.slice(0, MAX_NAMED).join(', ')}${more}`,
  )
}

/** @returns what is weak, nothing of the key itself */
function weaknessOf(credential: JwtCredential): string | undefined {
  const algorithm = credential.algorithm ?? 'HS256'
  const minimum = MIN_SECRET_BYTES[algorithm]
  if (minimum !== undefined) {
    const isShort = Buffer.byteLength(credential.secret ?? '') < minimum
    return isShort ? `${algorithm} wants a secret of ${minimum} bytes` : undefined
  }
  const text = credential.rsa_public_key ?? ''
  if (!/^[RP]S/.test(algorithm) || text.length > MIN_PEM_LETTERS) return undefined
  const bits = loadPublicKey(text)?.asymmetricKeyDetails?.modulusLength ?? MIN_RSA_BITS
  return bits < MIN_RSA_BITS ? `RSA with ${bits} bits, ${MIN_RSA_BITS} are the least` : undefined
}
