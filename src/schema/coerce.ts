import { isJsonObject, type JsonObject } from '../base/json.ts'
import type { Field, Fields, RecordSpec } from './field.ts'

/**
 * Turns the texts of a form into the types their fields ask for, before parsing.
 *
 * What cannot be turned is left as it is, so that parsing names it. An empty text unsets a field.
 * A single value for a list becomes a list of one.
 *
 * @param form names already nested (`a.b`, `a[b]`, `a[]`); leaves are strings
 * @returns a new object
 */
export function coerceForm(spec: RecordSpec, form: Readonly<JsonObject>): JsonObject {
  // Names are a client's, and without a prototype none is special.
  const coerced = Object.create(null) as JsonObject
  for (const [name, value] of Object.entries(form))
    coerced[name] = coerce(fieldOf(spec, name), value)
  return coerced
}

function fieldOf(spec: RecordSpec, name: string): Field | undefined {
  const shorthands = spec.shorthand_fields ?? {}
  if (Object.hasOwn(shorthands, name)) return shorthands[name]!.field
  const fields: Fields = spec.fields
  return Object.hasOwn(fields, name) ? fields[name] : undefined
}

function coerce(field: Field | undefined, value: unknown): unknown {
  if (value === '') return null
  return field === undefined ? value : coerceByType(field, value)
}

function coerceByType(field: Field, value: unknown): unknown {
  if (field.type === 'array' || field.type === 'set')
    return listOf(value).map((element) => coerce(field.elements, element))
  if (field.type === 'number' || field.type === 'integer') return coerceNumber(value)
  if (field.type === 'boolean') return coerceBoolean(value)
  return isJsonObject(value) ? coerceObject(field, value) : value
}

/** Free JSON, and an object where a text belongs, stay as they are. */
function coerceObject(field: Field, value: JsonObject): JsonObject {
  if (field.type === 'record') return coerceForm(field, value)
  if (field.type === 'map') return coerceMap(field.values, value)
  return field.type === 'foreign' ? coerceMap(undefined, value) : value
}

function coerceBoolean(value: unknown): unknown {
  if (value === 'true') return true
  return value === 'false' ? false : value
}

function coerceMap(values: Field | undefined, map: JsonObject): JsonObject {
  const coerced = Object.create(null) as JsonObject
  for (const [key, value] of Object.entries(map)) coerced[key] = coerce(values, value)
  return coerced
}

const NUMBER = /^\s*([+-]?)(0x[0-9a-f]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*$/i

/** `Number()` knows no signs in front of hexadecimal ones. */
function coerceNumber(value: unknown): unknown {
  const [, sign, digits] = (typeof value === 'string' && NUMBER.exec(value)) || []
  if (digits === undefined) return value
  // No zero below zero, which JSON would not keep.
  return sign === '-' ? 0 - Number(digits) : Number(digits)
}

/** Lists come as lists, as one value, or as an object of numbered members (`a[1]`, `a[2]`). */
function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  if (!isJsonObject(value)) return [value]
  const keys = Object.keys(value)
  if (keys.length === 0 || !keys.every((key) => /^[1-9]\d{0,3}$/.test(key))) return [value]
  return keys.sort((a, b) => Number(a) - Number(b)).map((key) => value[key])
}
