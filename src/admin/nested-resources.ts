import type { JsonObject } from '../base/json.ts'
import type { Entity, EntityKind } from '../entities/entity.ts'
import { NOT_FOUND, type AdminAnswer } from './admin-answer.ts'
import type { AdminContext } from './admin-context.ts'
import { entityInput } from './entity-input.ts'
import type { EntityKey, Scope } from './entity-keys.ts'
import { shown, urlNameOf, type Parent } from './entity-resources.ts'
import {
  createEntity,
  deleteEntity,
  updateEntity,
  upsertEntity,
  type Target,
} from './entity-writes.ts'
import { listPage } from './list-page.ts'
import { locateFor, locateRow, locateWithin } from './locate-entity.ts'
import type { AdminRequest, Method, Resource } from './resource.ts'

type Answer = AdminAnswer | Promise<AdminAnswer>

/** Resources of a kind under the rows it refers to, e.g. `/services/{services}/routes`. */
export function nestedResources(
  context: AdminContext,
  kind: EntityKind,
  parent: Parent,
): readonly Resource[] {
  const parentKind = context.catalog.kind(parent.kind)!
  const segment = kind.nestedName ?? urlNameOf(kind)
  const nested: Nested = {
    target: { context, kind },
    path: `/${urlNameOf(parentKind)}/{${parentKind.name}}/${segment}`,
    input: (request, current) => entityInput(context.catalog, kind, request.input, current),
    within: (request, act) => {
      const row = locateRow(context, parentKind, request.params[parentKind.name]!)
      return row.ok ? act({ field: parent.field, id: row.value.id }) : row.answer
    },
  }
  const ownPath = (request: AdminRequest): string => {
    const name = encodeURIComponent(request.params[parentKind.name]!)
    return `/${urlNameOf(parentKind)}/${name}/${segment}`
  }
  return [listOfParent(nested, ownPath), oneOfParent(nested)]
}

interface Nested {
  readonly target: Target
  readonly path: string
  readonly input: (request: AdminRequest, current?: Entity) => JsonObject
  /** Finds the parent first. */
  readonly within: (request: AdminRequest, act: (scope: Scope) => Answer) => Answer
}

function listOfParent(
  { target, path, input, within }: Nested,
  ownPath: (request: AdminRequest) => string,
): Resource {
  const { context, kind } = target
  return {
    path,
    rows: { kind: kind.name, are: 'listed' },
    methods: {
      GET: (request) =>
        within(request, (scope) =>
          listPage(context, kind, request.query, { scope, path: ownPath(request) }),
        ),
      POST: (request) =>
        within(request, (scope) => createEntity(target, { ...input(request), ...forced(scope) })),
    },
  }
}

function oneOfParent({ target, path, input, within }: Nested): Resource {
  const { context, kind } = target
  const found = (
    method: Method,
    request: AdminRequest,
    act: (key: EntityKey, row: Entity | undefined, scope: Scope) => Answer,
  ): Answer =>
    within(request, (scope) => {
      // What is put here may have been elsewhere.
      const find = method === 'PUT' ? locateFor : locateWithin
      const child = find(context, kind, request.params[kind.name]!, scope)
      return child.ok ? act(child.value.key, child.value.row, scope) : child.answer
    })
  return {
    path: `${path}/{${kind.name}}`,
    rows: { kind: kind.name, are: 'single' },
    methods: {
      GET: (request) => found('GET', request, (_key, row) => shown(context, kind, row)),
      PUT: (request) =>
        found('PUT', request, (key, row, scope) =>
          upsertEntity(target, key, row, { ...input(request), ...forced(scope) }),
        ),
      PATCH: (request) =>
        found('PATCH', request, (key, row, scope) =>
          row === undefined
            ? NOT_FOUND
            : updateEntity(target, key, row, { ...forced(scope), ...input(request, row) }),
        ),
      DELETE: (request) =>
        found('DELETE', request, (key, row) =>
          row === undefined ? NOT_FOUND : deleteEntity(target, key, row),
        ),
    },
  }
}

/** The parent of the URL, whatever the body says; but for a change, which may lead to another one. */
function forced(scope: Scope): Readonly<Record<string, { readonly id: string }>> {
  return { [scope.field]: { id: scope.id } }
}
