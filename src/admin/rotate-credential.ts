import type { JsonObject } from '../base/json.ts'
import type { Entity } from '../entities/entity.ts'
import type { Operation } from '../store/store.ts'
import { accepted, json, message, refused, type AdminAnswer, type Outcome } from './admin-answer.ts'
import type { AdminContext } from './admin-context.ts'
import { endOf, findCredential, shownCredential, type CredentialKind } from './credentials.ts'
import { bodyFields } from './entity-input.ts'
import { completeRow, writeAll } from './entity-writes.ts'
import { operationUnsupported } from './error-answers.ts'
import { nowSeconds, presentEntity } from './present-entity.ts'
import type { AdminRequest } from './resource.ts'
import { rotateSecret } from './rotate-secret.ts'

const DEFAULT_OVERLAP_SECONDS = 7 * 86_400
const LONGEST_OVERLAP_SECONDS = 366 * 86_400

/**
 * A new credential of the same consumer, and an end for the old one, in one write; where two cannot be
 * side by side, a new secret for the same credential.
 */
export async function rotateCredential(
  context: AdminContext,
  { params, input }: AdminRequest,
): Promise<AdminAnswer> {
  const found = findCredential(context, params['credential']!)
  if (!found.ok) return found.answer
  const { kind, row } = found.value
  const wanted = wantedOf(kind, bodyFields(input))
  if (!wanted.ok) return wanted.answer
  if (kind.credential.secretField !== undefined)
    return rotateSecret(context, found.value, wanted.value)
  const { overlapSeconds, fields } = wanted.value
  const made = completeRow({ context, kind }, { ...takenOver(kind, row), ...fields })
  if (!made.ok) return made.answer
  if (!context.store.isWritable)
    return operationUnsupported(`cannot create or update '${kind.name}' entities`)
  const fault = await writeAll(context, [
    { op: 'insert', kind: kind.name, entity: made.value },
    ending(kind, row, overlapSeconds),
  ])
  if (fault !== undefined) return fault
  const { store } = context
  return json(201, {
    kind: kind.name,
    credential: presentEntity(context, kind.name, store.get(kind.name, made.value.id)!),
    issued: issuedOf(kind, made.value),
    replaced: shownCredential(context, {
      kind,
      row: store.get(kind.name, row.id) ?? endedNow(row),
    }),
  })
}

/** What a caller wants. */
export interface Wanted {
  readonly overlapSeconds: number
  /** What the caller wants the new one to have. */
  readonly fields: JsonObject
}

function wantedOf({ credential }: CredentialKind, given: JsonObject): Outcome<Wanted> {
  const { renewed = [], algorithmField, secretField } = credential
  const { overlap = DEFAULT_OVERLAP_SECONDS, ...fields } = given
  const seconds = typeof overlap === 'string' && overlap !== '' ? Number(overlap) : overlap
  const isInRange =
    typeof seconds === 'number' && seconds >= 0 && seconds <= LONGEST_OVERLAP_SECONDS
  if (!isInRange)
    return refused(message(400, `overlap must be seconds, from 0 to ${LONGEST_OVERLAP_SECONDS}`))
  const known = [...renewed, algorithmField, secretField].filter((name) => name !== undefined)
  const unknown = Object.keys(fields).find((name) => !known.includes(name))
  if (unknown !== undefined)
    return refused(
      message(400, `${unknown}: unknown field; known are overlap, ${known.join(', ')}`),
    )
  return accepted({ overlapSeconds: Math.trunc(seconds), fields })
}

/** What whoever uses the credential must be told; a private key is his own. */
function issuedOf({ credential: { renewed = [] } }: CredentialKind, row: Entity): object {
  const isPair = typeof row['rsa_public_key'] === 'string'
  const told = renewed.filter(
    (name) => typeof row[name] === 'string' && (name === 'key' || !isPair),
  )
  return Object.fromEntries(told.map((name) => [name, row[name]]))
}

/** What a new credential has in common with the one whose place it takes. */
function takenOver(kind: CredentialKind, row: Entity): JsonObject {
  const own = new Set(['id', 'created_at', 'retires_at', 'ttl', 'expires_at'])
  for (const name of kind.credential.renewed ?? []) own.add(name)
  const kept = Object.entries(row).filter(([name, value]) => !own.has(name) && value !== null)
  return Object.fromEntries(kept.filter(([, value]) => value !== undefined))
}

/** An old credential that ends sooner already keeps its end. */
function ending(kind: CredentialKind, row: Entity, seconds: number): Operation {
  if (seconds === 0) return { op: 'delete', kind: kind.name, id: row.id }
  const end = Math.min(endOf(kind, row) ?? Infinity, Math.ceil(nowSeconds()) + seconds)
  return { op: 'update', kind: kind.name, entity: { ...row, retires_at: end } }
}

/** A row that is gone, as it is told about. */
function endedNow(row: Entity): Entity {
  const now = Math.trunc(nowSeconds())
  return { ...row, retires_at: now }
}
