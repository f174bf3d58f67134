import type { Field, FieldSpec, RecordSpec } from './field.ts'

/**
 * The same record with every record inside it required unless it says otherwise, so that answers
 * always show the whole nested structure. Records in lists and maps are left as they are.
 *
 * @returns one and the same object for one and the same spec
 */
export function withRequiredRecords(spec: RecordSpec): RecordSpec {
  let known = completed.get(spec)
  if (known === undefined) {
    const fields = Object.entries(spec.fields).map(([name, field]): [string, Field] => [
      name,
      field.type === 'record' ? requiredRecord(field) : field,
    ])
    known = { ...spec, fields: Object.fromEntries(fields) }
    completed.set(spec, known)
    completed.set(known, known)
  }
  return known
}

const completed = new WeakMap<RecordSpec, RecordSpec>()

function requiredRecord(spec: RecordSpec): RecordSpec {
  // What stands in for it says for itself whether it is.
  if (spec.abstract === true) return spec
  return withRequiredRecords(spec.required === undefined ? { ...spec, required: true } : spec)
}

/** The fields of a record as a list, made once. */
export function fieldList(spec: RecordSpec): readonly (readonly [string, Field])[] {
  let known = lists.get(spec)
  if (known === undefined) {
    known = Object.entries(spec.fields)
    lists.set(spec, known)
  }
  return known
}

const lists = new WeakMap<RecordSpec, readonly (readonly [string, Field])[]>()

/** The same field, required: elements of lists and keys and values of maps always are. */
export function requiredField(field: Field): Field {
  if (field.required === true) return field
  let known = demanded.get(field)
  if (known === undefined) {
    known = { ...field, required: true }
    demanded.set(field, known)
  }
  return known
}

const demanded = new WeakMap<Field, Field>()

/** The field's own rules with those of `match` before them, as conditional checks read a value. */
export function overriding(field: Field | undefined, match: object): FieldSpec {
  let byField = overridden.get(match)
  if (byField === undefined) {
    byField = new WeakMap()
    overridden.set(match, byField)
  }
  let known = byField.get(field ?? ANYTHING)
  if (known === undefined) {
    known = { ...(field ?? ANYTHING), ...match }
    byField.set(field ?? ANYTHING, known)
  }
  return known
}

const ANYTHING: FieldSpec = { type: 'any' }
const overridden = new WeakMap<object, WeakMap<FieldSpec, FieldSpec>>()

/** The field at a dotted path below a record. */
export function fieldAt(spec: RecordSpec, path: string): Field | undefined {
  let field: Field | undefined = spec
  for (const name of namesIn(path))
    field =
      field?.type === 'record' && Object.hasOwn(field.fields, name) ? field.fields[name] : undefined
  return field
}

/** The value at a dotted path; `undefined` when a record on the way is missing or null. */
export function valueAt(record: unknown, path: string | readonly string[]): unknown {
  let value = record
  for (const name of typeof path === 'string' ? namesIn(path) : path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Readonly<Record<string, unknown>>)[name]
  }
  return value
}

/** Checks read the same few paths for every record. */
function namesIn(path: string): readonly string[] {
  let names = pathNames.get(path)
  if (names === undefined) {
    names = path.split('.')
    pathNames.set(path, names)
  }
  return names
}

const pathNames = new Map<string, readonly string[]>()
