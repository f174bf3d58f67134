import { isJsonObject, type JsonObject } from '../base/json.ts'
import type { Entity, EntityKind } from '../entities/entity.ts'
import { parseRecord } from '../schema/parse.ts'
import type { Violation } from '../schema/violation.ts'
import type { Operation } from '../store/store.ts'
import { accepted, refused, type AdminAnswer, type Outcome } from './admin-answer.ts'
import type { AdminContext } from './admin-context.ts'
import { entityInput } from './entity-input.ts'
import { isUuid, keyFields } from './entity-keys.ts'
import { shown } from './entity-resources.ts'
import { createEntity, deleteEntity, updateEntity, upsertEntity } from './entity-writes.ts'
import { entityNotFound, schemaViolationAnswer } from './error-answers.ts'
import { locate } from './locate-entity.ts'
import { nowSeconds, serverNameRows } from './present-entity.ts'
import type { AdminRequest, Resource } from './resource.ts'

/**
 * Writes to certificates, whose `snis` are rows of their own. They stand in for the generated ones
 * of the same paths, reads included.
 */
export function certificateResources(
  context: AdminContext,
  generated: readonly Resource[],
): readonly Resource[] {
  const kind = context.catalog.kind('certificates')!
  const [all, one] = ['/certificates', '/certificates/{certificates}'].map((path) =>
    generated.find((resource) => resource.path === path)!,
  ) as [Resource, Resource]
  return [
    { ...all, methods: { ...all.methods, POST: (request) => create(context, kind, request) } },
    {
      ...one,
      methods: {
        ...one.methods,
        GET: (request) => show(context, kind, request),
        PUT: (request) => replace(context, kind, request),
        PATCH: (request) => change(context, kind, request),
        DELETE: (request) => remove(context, kind, request),
      },
    },
  ]
}

/** One that is not there is missed in other words than other rows, as it is looked up with its names. */
function show(context: AdminContext, kind: EntityKind, { params }: AdminRequest): AdminAnswer {
  const located = locate(context, kind, params['certificates']!)
  if (!located.ok) return located.answer
  const { key, row } = located.value
  return row === undefined ? entityNotFound(keyFields(key)) : shown(context, kind, row)
}

async function create(
  context: AdminContext,
  kind: EntityKind,
  { input }: AdminRequest,
): Promise<AdminAnswer> {
  const { names, fields } = split(entityInput(context.catalog, kind, input))
  const checked = checkedNames(context, names ?? [], undefined)
  if (!checked.ok) return checked.answer
  return createEntity({ context, kind, after: setNames(context, checked.value) }, fields)
}

async function replace(
  context: AdminContext,
  kind: EntityKind,
  { input, params }: AdminRequest,
): Promise<AdminAnswer> {
  const segment = params['certificates']!
  const located = locate(context, kind, segment)
  const { names, fields } = splitOfOne(entityInput(context.catalog, kind, input))
  const wanted = isUuid(segment) || !Array.isArray(names ?? []) ? names : withName(names, segment)
  const row = located.ok ? located.value.row : undefined
  const checked = checkedNames(context, wanted ?? [], row?.id)
  if (!checked.ok) return checked.answer
  const target = { context, kind, after: setNames(context, checked.value) }
  // An unknown name is not an error here: the certificate for it is being made.
  return located.ok
    ? upsertEntity(target, located.value.key, row, fields)
    : upsertEntity(target, { by: 'id', id: crypto.randomUUID() }, undefined, fields)
}

function withName(names: unknown, name: string): readonly unknown[] {
  const given = (names ?? []) as readonly unknown[]
  return given.includes(name) ? given : [...given, name]
}

async function change(
  context: AdminContext,
  kind: EntityKind,
  { input, params }: AdminRequest,
): Promise<AdminAnswer> {
  const located = locate(context, kind, params['certificates']!)
  if (!located.ok) return located.answer
  const { key, row } = located.value
  const { names, fields } = splitOfOne(entityInput(context.catalog, kind, input, row))
  if (names === undefined || row === undefined)
    return updateEntity({ context, kind }, key, row, fields)
  const checked = checkedNames(context, names, row.id)
  if (!checked.ok) return checked.answer
  return updateEntity({ context, kind, after: setNames(context, checked.value) }, key, row, fields)
}

async function remove(
  context: AdminContext,
  kind: EntityKind,
  { params }: AdminRequest,
): Promise<AdminAnswer> {
  const located = locate(context, kind, params['certificates']!)
  if (!located.ok) return located.answer
  const before = (row: Entity): readonly Operation[] =>
    serverNameRows(context, row.id).map(({ id }) => ({ op: 'delete', kind: 'snis', id }))
  return deleteEntity({ context, kind, before }, located.value.key, located.value.row)
}

/** For what writes to one certificate, a name may stand for a list of it. */
function splitOfOne(input: JsonObject): ReturnType<typeof split> {
  const { names, fields } = split(input)
  return { names: typeof names === 'string' ? [names] : names, fields }
}

function split(input: JsonObject): { readonly names: unknown; readonly fields: JsonObject } {
  const { snis: names, ...fields } = input
  return { names: names ?? undefined, fields }
}

/** @param ownId id of the certificate itself, whose names it may keep */
function checkedNames(
  context: AdminContext,
  names: unknown,
  ownId: string | undefined,
): Outcome<readonly string[]> {
  const name = context.catalog.kind('snis')!.fields['name']!
  const parsed = parseRecord(
    { type: 'record', fields: { snis: { type: 'array', elements: name } } },
    { snis: names },
  )
  if (!parsed.ok) return refused(schemaViolationAnswer(parsed.violations))
  const given = parsed.value['snis'] as readonly string[]
  const repeated = given.find((text, at) => given.indexOf(text) < at)
  const fault =
    repeated === undefined
      ? given.map((text) => takenFault(context, text, ownId)).find((text) => text !== undefined)
      : `${repeated} is duplicated`
  if (fault === undefined) return accepted(given)
  const violation: Violation = { path: ['snis'], message: fault, kind: 'field' }
  return refused(schemaViolationAnswer([violation]))
}

function takenFault(
  { store }: AdminContext,
  name: string,
  ownId: string | undefined,
): string | undefined {
  const certificate = store.getBy('snis', 'name', name)?.['certificate']
  if (!isJsonObject(certificate) || certificate['id'] === ownId) return undefined
  return `${name} already associated with existing certificate '${String(certificate['id'])}'`
}

/** Makes the rows of new names and deletes those of names that are gone. */
function setNames(
  context: AdminContext,
  names: readonly string[],
): (row: Entity) => readonly Operation[] {
  return (certificate) => {
    const present = serverNameRows(context, certificate.id)
    const known = new Set(present.map(({ name }) => name))
    const gone = present.filter(({ name }) => !names.includes(name as string))
    const added = names.filter((name) => !known.has(name))
    return [
      ...gone.map(({ id }): Operation => ({ op: 'delete', kind: 'snis', id })),
      ...added.map((name) => newName(context, name, certificate.id)),
    ]
  }
}

function newName({ catalog }: AdminContext, name: string, certificateId: string): Operation {
  const parsed = catalog.parse(
    'snis',
    { name, certificate: { id: certificateId } },
    { mode: 'insert', nowSeconds: nowSeconds() },
  )
  if (!parsed.ok) throw new Error(`Cannot make a server name of "${name}", though it was checked`)
  return { op: 'insert', kind: 'snis', entity: parsed.value }
}
