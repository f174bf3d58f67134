import type { JsonObject } from '../base/json.ts'
import type { Entity, EntityKind } from '../entities/entity.ts'
import { randomText } from '../plugin-kit/random-text.ts'
import { json, message, type AdminAnswer } from './admin-answer.ts'
import type { AdminContext } from './admin-context.ts'
import { shownCredential, type Credential } from './credentials.ts'
import { changedRow, writeAll } from './entity-writes.ts'
import { operationUnsupported } from './error-answers.ts'
import { nowSeconds, presentEntity } from './present-entity.ts'
import type { Wanted } from './rotate-credential.ts'

/**
 * A new secret for a credential of which two cannot be, such as a password for a name. The one before is
 * taken beside it until the overlap is over; one from before that ends now. The new one is told here
 * alone: it may be stored as a hash.
 */
export async function rotateSecret(
  context: AdminContext,
  { kind, row }: Credential,
  { overlapSeconds, fields }: Wanted,
): Promise<AdminAnswer> {
  const field = kind.credential.secretField!
  const { [field]: secret = randomText() } = fields
  if (typeof secret !== 'string' || secret === '')
    return message(400, `${field} must be a text that is not empty`)
  if (row['client_type'] === 'public')
    return message(400, 'public clients have no secret to prove themselves with')
  const input = { ...withWhatItNeeds(kind, row, field), [field]: secret }
  const changed = changedRow({ context, kind }, row, input)
  if (!changed.ok) return changed.answer
  if (!context.store.isWritable)
    return operationUnsupported(`cannot create or update '${kind.name}' entities`)
  const end = Math.ceil(nowSeconds()) + overlapSeconds
  const present = withoutPrevious(kind, changed.value)
  const before = { [`previous_${field}`]: row[field], previous_retires_at: end }
  const entity = overlapSeconds === 0 ? present : { ...present, ...before }
  const fault = await writeAll(context, [{ op: 'update', kind: kind.name, entity }])
  if (fault !== undefined) return fault
  const kept = context.store.get(kind.name, row.id) ?? entity
  return json(201, {
    kind: kind.name,
    credential: presentEntity(context, kind.name, kept),
    issued: { [kind.credential.nameField]: row[kind.credential.nameField], [field]: secret },
    replaced: {
      ...shownCredential(context, { kind, row }),
      retires_at: end,
      is_retired: overlapSeconds === 0,
    },
  })
}

/** A row with one secret alone. */
export function withoutPrevious({ credential }: Credential['kind'], row: Entity): Entity {
  const {
    [`previous_${credential.secretField}`]: _secret,
    previous_retires_at: _end,
    ...kept
  } = row
  return kept as Entity
}

/** Other values that the secret is stored by, e.g. the owner that a password is hashed with. */
function withWhatItNeeds(kind: EntityKind, row: Entity, field: string): JsonObject {
  const names = (kind.transformations ?? [])
    .filter(({ input, needs = [] }) => [...input, ...needs].includes(field))
    .flatMap(({ input, needs = [] }) => [...input, ...needs])
    .map((name) => name.split('.', 1)[0]!)
  return Object.fromEntries(names.map((name) => [name, row[name]]))
}
