import type { CredentialTraits, Entity, EntityKind, Foreign } from '../entities/entity.ts'
import { masked } from '../plugin-kit/masked.ts'
import { previousUse } from '../plugin-kit/previous-secret.ts'
import { accepted, message, refused, type Outcome } from './admin-answer.ts'
import type { AdminContext } from './admin-context.ts'
import { findByKey } from './entity-keys.ts'
import { nowSeconds } from './present-entity.ts'

/** A credential and what kind it is of. */
export interface Credential {
  readonly kind: CredentialKind
  readonly row: Entity
}

export type CredentialKind = EntityKind & { readonly credential: CredentialTraits }

export function credentialKinds({ catalog }: AdminContext): readonly CredentialKind[] {
  return catalog.kinds().filter((kind): kind is CredentialKind => kind.credential !== undefined)
}

/** Finds a credential of whatever kind by its id, or its name where that is no secret. */
export function findCredential(context: AdminContext, named: string): Outcome<Credential> {
  const found = credentialKinds(context).flatMap((kind) => {
    const row =
      context.store.get(kind.name, named) ??
      (kind.credential.isNameSecret === true
        ? undefined
        : findByKey(context.store, kind, {
            by: 'field',
            field: kind.credential.nameField,
            value: named,
          }))
    return row === undefined ? [] : [{ kind, row }]
  })
  const [first, second] = found
  if (first === undefined)
    return refused(message(404, `there is no credential "${named}"; GET /credentials lists them`))
  if (second !== undefined)
    return refused(
      message(
        409,
        `"${named}" names credentials of ${first.kind.name} and of ${second.kind.name}: use an id`,
      ),
    )
  return accepted(first)
}

/** Unix times in seconds by what was used: ids of credentials, and names of their secrets of before. */
export type Uses = ReadonlyMap<string, number>

/** A credential without any secret of it. */
export function shownCredential(
  context: AdminContext,
  { kind, row }: Credential,
  uses?: Uses,
): object {
  const { nameField, isNameSecret, algorithmField } = kind.credential
  const name = String(row[nameField])
  const owner = context.store.get('consumers', (row['consumer'] as Foreign).id)
  const end = endOf(kind, row)
  return {
    kind: kind.name,
    id: row.id,
    name: isNameSecret === true ? masked(name) : name,
    consumer: owner === undefined ? null : { id: owner.id, name: nameOf(owner) },
    algorithm: algorithmField === undefined ? null : (row[algorithmField] ?? null),
    created_at: row['created_at'] ?? null,
    last_used_at: uses?.get(row.id) ?? null,
    retires_at: end ?? null,
    is_retired: end !== undefined && end <= nowSeconds(),
    can_rotate: canRotate(kind, row),
    ...(kind.credential.secretField !== undefined && { previous: shownPrevious(row, uses) }),
  }
}

function nameOf({ username, custom_id: customId }: Entity): unknown {
  return username ?? customId ?? null
}

function canRotate({ credential }: CredentialKind, row: Entity): boolean {
  const { renewed, secretField } = credential
  if (secretField === undefined) return renewed !== undefined
  // Public clients of OAuth 2.0 have a secret that proves nothing.
  return row['client_type'] !== 'public'
}

/** The secret of before, while it is taken. */
function shownPrevious(row: Entity, uses: Uses | undefined): object | null {
  const end = previousEnd(row)
  return end === undefined
    ? null
    : { last_used_at: uses?.get(previousUse(row.id)) ?? null, retires_at: end }
}

/** Until when the secret of before is taken, in Unix seconds; nothing when it is not any more. */
export function previousEnd(row: Entity): number | undefined {
  const { previous_retires_at: end } = row
  return typeof end === 'number' && end > nowSeconds() ? end : undefined
}

/** When it ends, in Unix seconds. */
export function endOf(kind: EntityKind, row: Entity): number | undefined {
  const ends = [row['retires_at'], kind.hasTtl === true ? row['expires_at'] : undefined]
  const times = ends.filter((end) => typeof end === 'number')
  return times.length === 0 ? undefined : Math.ceil(Math.min(...times))
}
