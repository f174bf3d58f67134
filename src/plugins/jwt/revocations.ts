import { createHash } from 'node:crypto'
import type { Entity } from '../../entities/entity.ts'
import type { JsonObject } from '../../base/json.ts'
import { hasExpired } from '../../plugin-kit/has-expired.ts'
import type { PluginContext } from '../../plugin-kit/plugin.ts'
import type { TokenRefusal } from './verify-token.ts'

/** Tokens that are no longer good, though their signature and times are. */
export interface Revocation extends Entity {
  readonly issuer: string | null
  readonly jti: string | null
  readonly sub: string | null
  /** Unix seconds. */
  readonly issued_before: number | null
  readonly key: string | null
  readonly token_sha256?: string | null
}

/** By what a revocation may name a token. */
interface Named {
  readonly claims: JsonObject
  /** The key of its credential, or the name of its issuer's key. */
  readonly key: string | undefined
  /** The token itself, where it is no JWT. */
  readonly opaque: string | undefined
}

interface Index {
  readonly jti: ReadonlyMap<string, readonly Revocation[]>
  readonly sub: ReadonlyMap<string, readonly Revocation[]>
  readonly key: ReadonlyMap<string, readonly Revocation[]>
  readonly token_sha256: ReadonlyMap<string, readonly Revocation[]>
}

/**
 * Looks tokens up among those that were revoked. Revocations are part of the configuration: one that
 * is added makes a new snapshot in every worker, and with it goes what was remembered of tokens.
 */
export function revocationCheck({
  entities,
  node,
}: PluginContext): (token: Named) => TokenRefusal | undefined {
  // Many instances, and many configurations after each other, have the same list.
  const indexes = node.keep('jwt revocations', () => new WeakMap<object, Index>())
  const rows = entities.rows('jwt_revocations') as readonly Revocation[]

  function index(): Index {
    let made = indexes.get(rows)
    if (made === undefined) indexes.set(rows, (made = indexOf(rows)))
    return made
  }

  return (token) => {
    if (rows.length === 0) return undefined
    const found = matching(token, index()).find((row) => !hasExpired(row, node.now()))
    return found && refusal(found)
  }
}

function matching({ claims, key, opaque }: Named, index: Index): readonly Revocation[] {
  const { iss, jti, sub, iat } = claims
  const of = (rows: ReadonlyMap<string, readonly Revocation[]>, value: unknown) =>
    (typeof value === 'string' ? (rows.get(value) ?? []) : []).filter(
      ({ issuer }) => issuer === null || issuer === iss,
    )
  return [
    ...of(index.jti, jti),
    ...of(index.key, key),
    ...of(index.token_sha256, opaque && sha256(opaque)),
    ...of(index.sub, sub).filter(
      // A token that does not say when it was made may well be one of those.
      ({ issued_before: end }) => end === null || typeof iat !== 'number' || iat < end,
    ),
  ]
}

function indexOf(rows: readonly Revocation[]): Index {
  const by = (field: keyof Index): ReadonlyMap<string, readonly Revocation[]> => {
    const groups = Map.groupBy(rows, (row) => row[field])
    groups.delete(null)
    groups.delete(undefined)
    return groups as ReadonlyMap<string, readonly Revocation[]>
  }
  return { jti: by('jti'), sub: by('sub'), key: by('key'), token_sha256: by('token_sha256') }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function refusal({ id, jti, sub, key }: Revocation): TokenRefusal {
  return {
    kind: 'refused',
    body: { message: 'Token revoked' },
    code: 'token-revoked',
    reason: `token was revoked by ${what()} (revocation ${id})`,
  }

  function what(): string {
    if (jti !== null) return `jti "${jti}"`
    if (sub !== null) return `its subject "${sub}"`
    return key === null ? 'its hash' : 'its key'
  }
}
