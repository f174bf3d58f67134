import type { JsonObject } from '../base/json.ts'
import type { Catalog } from '../entities/catalog.ts'
import type { Entity, EntityKind } from '../entities/entity.ts'
import { coerceForm } from '../schema/coerce.ts'
import { array, integer, string, type Fields, type RecordSpec } from '../schema/field.ts'
import type { Input } from './read-input.ts'

/**
 * The fields of an entity in a request's body; the texts of a form turned into what the fields ask
 * for.
 *
 * @param current the stored row on updates, since a plugin's fields depend on its name
 * @returns an object of its own, to be changed freely
 */
export function entityInput(
  catalog: Catalog,
  kind: EntityKind,
  input: Input,
  current?: Entity,
): JsonObject {
  switch (input.kind) {
    case 'json':
      return copied(input.fields)
    case 'form':
      return coerceForm(formSpec(catalog, kind, { ...current, ...input.fields }), input.fields)
    case 'none':
    case 'yaml':
      return copied({})
  }
}

function copied(fields: JsonObject): JsonObject {
  return Object.assign(Object.create(null) as JsonObject, fields)
}

function formSpec(catalog: Catalog, kind: EntityKind, row: Readonly<JsonObject>): RecordSpec {
  return {
    type: 'record',
    fields: { ...kind.fields, ...virtualFields(kind), ...configField(catalog, kind, row) },
    ...(kind.shorthands !== undefined && { shorthand_fields: kind.shorthands }),
  }
}

/** Fields that a row is not stored with as they come. */
function virtualFields(kind: EntityKind): Fields {
  return {
    ...(kind.hasTtl === true && { ttl: integer() }),
    ...(kind.name === 'certificates' && { snis: array(string()) }),
  }
}

function configField(catalog: Catalog, kind: EntityKind, row: Readonly<JsonObject>): Fields {
  const name = row['name']
  if (kind.name !== 'plugins' || typeof name !== 'string') return {}
  const config = catalog.plugin(name)?.config
  return config === undefined ? {} : { config }
}

/** The kind of the entity a form is about, by its name in the body; for `POST /schemas/…/validate`. */
export function bodyFields(input: Input): JsonObject {
  return input.kind === 'json' || input.kind === 'form' ? input.fields : {}
}
