import type { Field, ListSpec, RecordSpec } from './field.ts'
import { luaPatternSource } from './lua-pattern.ts'
import { withRequiredRecords } from './record-spec.ts'

export type JsonSchema = Readonly<Record<string, unknown>>

/**
 * The record as JSON Schema 2020-12, for editors, forms and OpenAPI.
 *
 * It accepts all that parsing accepts, and a little more: checks across fields and custom rules
 * have no counterpart.
 */
export function jsonSchema(spec: RecordSpec, title?: string): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    ...(title !== undefined && { title }),
    ...recordSchema(withRequiredRecords(spec)),
  }
}

/** One field without the `$schema` head. */
export function fieldSchema(field: Field): JsonSchema {
  const schema = { ...typed(field), ...annotations(field) }
  if (field.eq === null) return { ...annotations(field), type: 'null' }
  return field.required === true || field.type === 'json' || field.type === 'any'
    ? schema
    : nullable(schema)
}

function nullable(schema: JsonSchema): JsonSchema {
  const { type, enum: choices, ...rest } = schema
  return {
    ...rest,
    type: [type, 'null'],
    ...(Array.isArray(choices) && { enum: [...(choices as unknown[]), null] }),
  }
}

function annotations(field: Field): JsonSchema {
  return {
    ...(field.description !== undefined && { description: field.description }),
    // The default of a secret is made anew by each process.
    ...(field.default !== undefined && field.encrypted !== true && { default: field.default }),
    ...(field.deprecation !== undefined && { deprecated: true }),
    ...(field.encrypted === true && { writeOnly: true }),
  }
}

function typed(field: Field): JsonSchema {
  switch (field.type) {
    case 'string':
      return stringSchema(field)
    case 'number':
    case 'integer':
      return { type: field.type, ...choices(field), ...limits(field) }
    case 'boolean':
      return { type: 'boolean' }
    case 'array':
    case 'set':
      return listSchema(field)
    case 'map':
      return {
        type: 'object',
        propertyNames: stringSchema(field.keys),
        additionalProperties: fieldSchema({ ...field.values, required: true }),
        ...sizes(field, 'minProperties', 'maxProperties'),
      }
    case 'record':
      return recordSchema(field)
    case 'foreign':
      return {
        type: 'object',
        properties: { id: { type: 'string', format: 'uuid' } },
        required: ['id'],
      }
    case 'json':
    case 'any':
      return {}
  }
}

function listSchema(field: ListSpec): JsonSchema {
  return {
    type: 'array',
    items: fieldSchema({ ...field.elements, required: true }),
    ...sizes(field, 'minItems', 'maxItems'),
    ...(field.contains !== undefined && { contains: { const: field.contains } }),
  }
}

function recordSchema(spec: RecordSpec): JsonSchema {
  const names = Object.entries(spec.fields)
  const required = names.filter(([, field]) => isDemanded(field)).map(([name]) => name)
  const shorthands = Object.entries(spec.shorthand_fields ?? {}).filter(
    ([name]) => !Object.hasOwn(spec.fields, name),
  )
  return {
    type: 'object',
    properties: Object.fromEntries([
      ...names.map(([name, field]) => [name, fieldSchema(field)]),
      ...shorthands.map(([name, { field }]) => [name, { ...fieldSchema(field), writeOnly: true }]),
    ]) as JsonSchema,
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  }
}

/** Whether input lacks something without it: required, and nothing fills it in. */
function isDemanded(field: Field): boolean {
  if (field.required !== true || field.default !== undefined || field.auto === true) return false
  return field.type !== 'record' || Object.values(field.fields).some(isDemanded)
}

function stringSchema(field: Field): JsonSchema {
  const least = field.len_min ?? field.len_eq ?? 1
  return {
    type: 'string',
    ...choices(field),
    ...(field.uuid === true && { format: 'uuid' }),
    ...(field.is_regex === true && { format: 'regex' }),
    ...(field.one_of === undefined && field.uuid !== true && { minLength: least }),
    ...((field.len_max ?? field.len_eq) !== undefined && {
      maxLength: field.len_max ?? field.len_eq,
    }),
    ...patterns(field),
  }
}

function patterns(field: Field): JsonSchema {
  // A reference stands for any text.
  if (field.referenceable === true) return {}
  if (field.match !== undefined) return { pattern: luaPatternSource(field.match) }
  if (field.starts_with !== undefined)
    return { pattern: `^${field.starts_with.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')}` }
  return {}
}

function choices(field: Field): JsonSchema {
  return field.one_of === undefined ? {} : { enum: field.one_of }
}

function limits(field: Field): JsonSchema {
  return {
    ...(field.between !== undefined && { minimum: field.between[0], maximum: field.between[1] }),
    ...(field.gt !== undefined && { exclusiveMinimum: field.gt }),
  }
}

function sizes(field: Field, least: string, most: string): JsonSchema {
  return {
    ...((field.len_min ?? field.len_eq) !== undefined && {
      [least]: field.len_min ?? field.len_eq,
    }),
    ...((field.len_max ?? field.len_eq) !== undefined && { [most]: field.len_max ?? field.len_eq }),
  }
}
