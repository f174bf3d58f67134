import { randomUUID } from 'node:crypto'
import type { Entity, EntityKind } from '../entities/entity.ts'
import { json, METHOD_NOT_ALLOWED, NOT_FOUND, type AdminAnswer } from './admin-answer.ts'
import type { AdminContext } from './admin-context.ts'
import { bodyFields, entityInput } from './entity-input.ts'
import type { EntityKey } from './entity-keys.ts'
import {
  createEntity,
  deleteEntity,
  updateEntity,
  upsertEntity,
  type Target,
} from './entity-writes.ts'
import { listPage } from './list-page.ts'
import { locate, locateRow } from './locate-entity.ts'
import { presentEntity } from './present-entity.ts'
import type { Input } from './read-input.ts'
import type { AdminRequest, Resource } from './resource.ts'

/** Resources of a kind at the top: all its rows, one of them, and the rows it refers to. */
export function topResources(context: AdminContext, kind: EntityKind): readonly Resource[] {
  const path = `/${urlNameOf(kind)}`
  const target: Target = { context, kind }
  return [
    {
      path,
      rows: { kind: kind.name, are: 'listed' },
      methods: {
        GET: ({ query }) => listPage(context, kind, query),
        POST: ({ input }) => createEntity(target, entityInput(context.catalog, kind, input)),
      },
    },
    oneResource(target, `${path}/{${kind.name}}`),
    ...parentsOf(kind).map((parent) => parentResource(context, kind, parent)),
  ]
}

/** One row, found by the segment that bears its kind's name. */
function oneResource(target: Target, path: string): Resource {
  const { context, kind } = target
  const found = (request: AdminRequest, act: Act): ReturnType<Act> => {
    const located = locate(context, kind, request.params[kind.name]!)
    return located.ok ? act(located.value.key, located.value.row) : located.answer
  }
  return {
    path,
    rows: { kind: kind.name, are: 'single' },
    methods: {
      GET: (request) => found(request, (_key, row) => shown(context, kind, row)),
      PUT: (request) =>
        found(request, (key, row) =>
          upsertEntity(target, key, row, entityInput(context.catalog, kind, request.input)),
        ),
      PATCH: (request) =>
        found(request, (key, row) =>
          row === undefined && isLookedUpFirst(kind, request.input)
            ? NOT_FOUND
            : updateEntity(
                target,
                key,
                row,
                entityInput(context.catalog, kind, request.input, row),
              ),
        ),
      DELETE: (request) => found(request, (key, row) => deleteEntity(target, key, row)),
    },
  }
}

/** What is not there is missed in other words where the row had to be looked up to read the change. */
function isLookedUpFirst({ name }: EntityKind, input: Input): boolean {
  const fields = bodyFields(input)
  return (
    name === 'plugins' &&
    ['name', 'route', 'service', 'consumer'].some((field) => !Object.hasOwn(fields, field))
  )
}

type Act = (key: EntityKey, row: Entity | undefined) => AdminAnswer | Promise<AdminAnswer>

export function shown(
  context: AdminContext,
  kind: EntityKind,
  row: Entity | undefined,
): AdminAnswer {
  return row === undefined ? NOT_FOUND : json(200, presentEntity(context, kind.name, row))
}

/** A field that refers to another kind, and that kind's name. */
export interface Parent {
  readonly field: string
  readonly kind: string
}

export function parentsOf(kind: EntityKind): readonly Parent[] {
  return Object.entries(kind.fields).flatMap(([field, spec]) =>
    spec.type === 'foreign' ? [{ field, kind: spec.reference }] : [],
  )
}

export function urlNameOf(kind: EntityKind): string {
  return kind.urlName ?? kind.name
}

/** The row that a row refers to, e.g. `/routes/{routes}/service`. */
function parentResource(context: AdminContext, kind: EntityKind, parent: Parent): Resource {
  const parentKind = context.catalog.kind(parent.kind)!
  const target: Target = { context, kind: parentKind }
  const found = async (
    request: AdminRequest,
    act: (row: Entity | undefined, child: Entity) => AdminAnswer | Promise<AdminAnswer>,
  ): Promise<AdminAnswer> => {
    const child = locateRow(context, kind, request.params[kind.name]!)
    if (!child.ok) return child.answer
    const id = (child.value[parent.field] as { readonly id: string } | null)?.id
    return act(id === undefined ? undefined : context.store.get(parent.kind, id), child.value)
  }
  const bodyOf = (request: AdminRequest, row?: Entity) =>
    entityInput(context.catalog, parentKind, request.input, row)
  return {
    path: `/${urlNameOf(kind)}/{${kind.name}}/${parent.field}`,
    rows: { kind: parentKind.name, are: 'single' },
    methods: {
      GET: (request) => found(request, (row) => shown(context, parentKind, row)),
      PATCH: (request) =>
        found(request, (row) =>
          row === undefined
            ? NOT_FOUND
            : updateEntity(target, { by: 'id', id: row.id }, row, bodyOf(request, row)),
        ),
      PUT: (request) =>
        found(request, (row, child) => {
          const writes = row === undefined ? linking(target, kind, child, parent.field) : target
          const id = row?.id ?? randomUUID()
          return upsertEntity(writes, { by: 'id', id }, row, bodyOf(request))
        }),
      DELETE: (request) =>
        found(request, (row) => (row === undefined ? NOT_FOUND : METHOD_NOT_ALLOWED)),
    },
  }
}

/** A parent that is made for a child which had none, and the child's reference to it. */
function linking(target: Target, kind: EntityKind, child: Entity, field: string): Target {
  return {
    ...target,
    after: (row) => [
      { op: 'update', kind: kind.name, entity: { ...child, [field]: { id: row.id } } },
    ],
  }
}
