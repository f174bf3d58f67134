import { isJsonObject, type JsonObject } from '../base/json.ts'
import type { ErrorFields, ErrorTree } from '../schema/kong-errors.ts'
import { isUuid } from '../schema/rules.ts'
import type { FlattenedError, FlattenedErrors } from './declarative.ts'
import type { KindTree } from './kind-tree.ts'

export interface FlattenOptions {
  readonly document: Readonly<JsonObject>
  readonly tree: KindTree
}

type ErrorBranch = Readonly<Record<string, ErrorTree>>

/**
 * Turns nested errors into a list by entity. Errors of entities leave `fields`; those that stand
 * by a name and not by a position belong to no entity that could be shown, and are lost, as in Kong.
 */
export function flattenErrors(
  errors: ErrorFields,
  { document, tree }: FlattenOptions,
): Omit<FlattenedErrors, 'message'> {
  const flattened: FlattenedError[] = []
  const fields: Record<string, ErrorTree> = {}
  for (const [name, tree_] of Object.entries(errors)) {
    if (typeof tree_ === 'object' && tree_ !== null && tree.kinds.has(name))
      flattenList(tree_, { kind: name, entities: document[name], tree, flattened })
    else fields[name] = tree_
  }
  return { fields, flattened_errors: flattened.length === 0 ? {} : flattened }
}

interface ListToFlatten {
  readonly kind: string
  readonly entities: unknown
  readonly tree: KindTree
  /** Added to in place. */
  readonly flattened: FlattenedError[]
  /** The reference that entities nested in another have to it. */
  readonly parent?: JsonObject
}

function flattenList(errors: ErrorTree, list: ListToFlatten): void {
  if (!Array.isArray(errors) || !Array.isArray(list.entities)) return
  for (const [index, error] of (errors as readonly ErrorTree[]).entries()) {
    const entity: unknown = (list.entities as readonly unknown[])[index]
    if (error !== null && isJsonObject(entity)) flattenEntity(error, entity, list)
  }
}

function flattenEntity(error: ErrorTree, entity: JsonObject, list: ListToFlatten): void {
  const { kind, tree, flattened, parent } = list
  const children = tree.childrenOf(kind)
  const foreign = new Map(tree.foreignFieldsOf(kind).map((field) => [field.name, field.reference]))
  const errors: FlattenedError['errors'][number][] = []
  const branches: ErrorBranch =
    typeof error === 'string' ? { '@entity': [error] } : (error as ErrorBranch)
  for (const name of namesInOrder(branches, entity)) {
    const child = children.get(name)
    const below = branches[name]!
    if (child !== undefined && typeof below === 'object') {
      flattenList(below, {
        kind: name,
        entities: entity[name],
        tree,
        flattened,
        ...(isUuid(entity['id']) && { parent: { [child.field]: { id: entity['id'] } } }),
      })
    } else if (foreign.has(name) && typeof below === 'object' && isJsonObject(entity[name])) {
      // An entity written in place of a reference to it.
      flattenEntity(below, entity[name], {
        kind: foreign.get(name)!,
        entities: [],
        tree,
        flattened,
      })
    } else if (name === '@entity') {
      for (const message of below as readonly string[]) errors.push({ type: 'entity', message })
    } else addFieldErrors(below, name, errors)
  }
  if (errors.length > 0) flattened.push({ ...describe(kind, entity, { tree, parent }), errors })
}

/** As the fields stand in the entity; what is missing there, then what is about the whole, last. */
function namesInOrder(branches: ErrorBranch, entity: JsonObject): readonly string[] {
  const names = Object.keys(branches).filter((name) => name !== '@entity')
  const written = Object.keys(entity).filter((name) => Object.hasOwn(branches, name))
  const missing = names.filter((name) => !Object.hasOwn(entity, name))
  return [...written, ...missing, ...(Object.hasOwn(branches, '@entity') ? ['@entity'] : [])]
}

function addFieldErrors(
  error: ErrorTree,
  field: string,
  errors: FlattenedError['errors'][number][],
): void {
  if (error === null) return
  if (typeof error === 'string') {
    errors.push({ type: 'field', field, message: error })
    return
  }
  // Positions count from 1.
  const below = Array.isArray(error)
    ? (error as readonly ErrorTree[]).map((inner, index) => [String(index + 1), inner] as const)
    : Object.entries(error as ErrorBranch)
  for (const [name, inner] of below)
    addFieldErrors(inner, name === '@entity' ? field : `${field}.${name}`, errors)
}

function describe(
  kind: string,
  entity: JsonObject,
  { tree, parent }: { readonly tree: KindTree; readonly parent: JsonObject | undefined },
): Omit<FlattenedError, 'errors'> {
  const { id, name, tags } = entity
  const isTagged = Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')
  return {
    entity_type: kind.replace(/s$/, ''),
    ...(isUuid(id) && { entity_id: id }),
    ...(typeof name === 'string' && name !== '' && { entity_name: name }),
    ...(isTagged && { entity_tags: tags }),
    entity: shownEntity(kind, entity, { tree, parent }),
  }
}

function shownEntity(
  kind: string,
  entity: JsonObject,
  { tree, parent }: { readonly tree: KindTree; readonly parent: JsonObject | undefined },
): JsonObject {
  const children = tree.childrenOf(kind)
  const foreign = new Set(tree.foreignFieldsOf(kind).map(({ name }) => name))
  const shown = Object.entries(entity).flatMap(([name, value]): [string, unknown][] => {
    if (children.has(name)) return []
    if (!foreign.has(name) || !isJsonObject(value)) return [[name, value]]
    return isUuid(value['id']) ? [[name, { id: value['id'] }]] : []
  })
  return { ...Object.fromEntries(shown), ...parent }
}
