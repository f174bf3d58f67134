import { randomUUID } from 'node:crypto'
import type { JsonObject } from '../base/json.ts'
import type { Entity, EntityKind } from '../entities/entity.ts'
import type { Violation } from '../schema/violation.ts'
import type { Operation } from '../store/store.ts'
import { accepted, json, message, NO_CONTENT, refused, UNEXPECTED } from './admin-answer.ts'
import type { AdminAnswer, Outcome } from './admin-answer.ts'
import type { AdminContext } from './admin-context.ts'
import {
  entityNotFound,
  faultAnswer,
  INVALID_TTL,
  operationUnsupported,
  schemaViolationAnswer,
} from './error-answers.ts'
import { keyFields, type EntityKey } from './entity-keys.ts'
import { deletionFault, rowViolations } from './entity-rules.ts'
import { nowSeconds, presentEntity } from './present-entity.ts'
import { resolveForeign } from './resolve-foreign.ts'

/** What a write is about: rows of a kind, and what the caller adds to them. */
export interface Target {
  readonly context: AdminContext
  readonly kind: EntityKind
  /** Operations to be done before the row's own; their faults are the row's. */
  readonly before?: (row: Entity) => readonly Operation[]
  /** Operations to be done after. */
  readonly after?: (row: Entity) => readonly Operation[]
}

/** `POST`: makes a row. */
export async function createEntity(target: Target, input: JsonObject): Promise<AdminAnswer> {
  const { kind } = target
  const row = completeRow(target, input)
  if (!row.ok) return row.answer
  if (!canWrite(target)) return operationUnsupported(`cannot create '${kind.name}' entities`)
  const fault = await commit(target, { op: 'insert', kind: kind.name, entity: row.value })
  return fault ?? json(201, asKept(target, row.value))
}

/** `PUT`: makes a row or replaces the one with this key. */
export async function upsertEntity(
  target: Target,
  key: EntityKey,
  existing: Entity | undefined,
  input: JsonObject,
): Promise<AdminAnswer> {
  const { kind } = target
  const id =
    key.by === 'id' ? (existing?.id ?? key.id) : (existing?.id ?? input['id'] ?? randomUUID())
  const named = key.by === 'field' ? { [key.field]: key.value } : {}
  const row = completeRow(target, { ...input, ...named, id })
  if (!row.ok) return row.answer
  if (!canWrite(target))
    return operationUnsupported(
      `cannot create or update '${kind.name}' entities${byField(key, kind)}`,
    )
  const fault = await commit(target, { op: 'upsert', kind: kind.name, entity: row.value })
  return fault ?? json(200, asKept(target, row.value))
}

/** `PATCH`: changes a row. The id in the body, if any, means nothing. */
export async function updateEntity(
  target: Target,
  key: EntityKey,
  existing: Entity | undefined,
  input: JsonObject,
): Promise<AdminAnswer> {
  const { kind } = target
  if (existing === undefined) return entityNotFound(keyFields(key))
  const row = changedRow(target, existing, input)
  if (!row.ok) return row.answer
  if (!canWrite(target))
    return operationUnsupported(`cannot update '${kind.name}' entities${byField(key, kind)}`)
  const fault = await commit(target, { op: 'update', kind: kind.name, entity: row.value })
  return fault ?? json(200, asKept(target, row.value))
}

/** `DELETE`: a row that is not there is as good as gone. */
export async function deleteEntity(
  target: Target,
  key: EntityKey,
  existing: Entity | undefined,
): Promise<AdminAnswer> {
  const { context, kind } = target
  if (existing === undefined) return NO_CONTENT
  if (!canWrite(target))
    return operationUnsupported(`cannot remove '${kind.name}' entities${byField(key, kind)}`)
  const isNeeded = deletionFault(context, kind, existing)
  if (isNeeded !== undefined) return isNeeded
  const fault = await writeAll(context, [
    ...(target.before?.(existing) ?? []),
    { op: 'delete', kind: kind.name, id: existing.id },
  ])
  return fault ?? NO_CONTENT
}

function canWrite({ context, kind }: Target): boolean {
  return context.store.isWritable || kind.isInstant === true
}

/** How the row was named, unless by its id or by what only looks like a name of its own. */
function byField(key: EntityKey, { endpointKey }: EntityKind): string {
  return key.by === 'field' && key.field === endpointKey ? ` by '${key.field}'` : ''
}

/** A row as it is to be kept, made of what a client gave. */
export function completeRow({ context, kind }: Target, input: JsonObject): Outcome<Entity> {
  const resolved = resolveForeign(context.catalog, context.store, kind, input)
  if (!resolved.ok) return resolved
  const parsed = context.catalog.parse(kind.name, resolved.value, {
    mode: 'insert',
    nowSeconds: nowSeconds(),
  })
  return parsed.ok
    ? withoutFaults(context, kind, parsed.value)
    : refused(violationAnswer(kind, parsed.violations))
}

/** A row as it is to be kept, changed by what a client gave. */
export function changedRow(
  { context, kind }: Target,
  existing: Entity,
  input: JsonObject,
): Outcome<Entity> {
  const resolved = resolveForeign(context.catalog, context.store, kind, input)
  if (!resolved.ok) return resolved
  const { id: _id, ...changes } = resolved.value
  const { expires_at: end, ...current } = existing
  const parsed = context.catalog.parse(kind.name, changes, {
    mode: 'update',
    current,
    nowSeconds: nowSeconds(),
  })
  if (!parsed.ok) return refused(violationAnswer(kind, parsed.violations))
  // A row that gets no new time to live keeps the end it had.
  const row =
    end === undefined || Object.hasOwn(changes, 'ttl')
      ? parsed.value
      : { ...parsed.value, expires_at: end }
  return withoutFaults(context, kind, row)
}

/** A bad time to live is only named when all else is right. */
function violationAnswer({ hasTtl }: EntityKind, violations: readonly Violation[]): AdminAnswer {
  const others = violations.filter(({ path }) => hasTtl !== true || path[0] !== 'ttl')
  return others.length === 0 ? INVALID_TTL : schemaViolationAnswer(others)
}

function withoutFaults(context: AdminContext, kind: EntityKind, row: Entity): Outcome<Entity> {
  const violations: readonly Violation[] = rowViolations(context, kind, row)
  return violations.length > 0 ? refused(schemaViolationAnswer(violations)) : accepted(row)
}

/** A written row, with what the store has added to it, such as the end of its time to live. */
function asKept({ context, kind }: Target, row: Entity): JsonObject {
  // Somebody else may have deleted it already.
  const kept = context.store.get(kind.name, row.id) ?? row
  return presentEntity(context, kind.name, kept)
}

async function commit(
  target: Target,
  operation: Exclude<Operation, { op: 'delete' }>,
): Promise<AdminAnswer | undefined> {
  return writeAll(target.context, [
    ...(target.before?.(operation.entity) ?? []),
    operation,
    ...(target.after?.(operation.entity) ?? []),
  ])
}

/** Writes, and waits until every worker serves what was written. @returns why it failed, if so */
export async function writeAll(
  context: AdminContext,
  operations: readonly Operation[],
): Promise<AdminAnswer | undefined> {
  const result = await context.store.write(operations, { by: 'admin-api' })
  if (result.ok) {
    await context.whenServed(result.version)
    return undefined
  }
  if (result.fault.fault !== 'unavailable') return faultAnswer(result.fault)
  const { detail } = result.fault
  context.log.error(`Cannot write to the store: ${detail}`)
  // Whoever has a file to write knows its name and can mend it; a database is not the client's.
  return context.store.medium === 'file' ? message(500, detail) : UNEXPECTED
}
