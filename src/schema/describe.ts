import type { EntityCheck, Field, Fields, RecordSpec } from './field.ts'
import { withRequiredRecords } from './record-spec.ts'

/** A schema as `/schemas/…` answers show it. */
export interface SchemaDescription {
  readonly entity_checks: readonly unknown[]
  readonly fields: readonly Readonly<Record<string, unknown>>[]
}

/**
 * Describes an entity or a record as `/schemas/…` does: fields in order as objects of one member,
 * functions and what is not Kong's left out. Shorthands of the whole are not shown, those of records inside are.
 */
export function describeSchema(spec: RecordSpec): SchemaDescription {
  return {
    entity_checks: describeChecks(spec.entity_checks ?? []),
    fields: describeFields(withRequiredRecords(spec).fields),
  }
}

function describeFields(fields: Fields): readonly Readonly<Record<string, unknown>>[] {
  return Object.entries(fields)
    .filter(([, field]) => field.own !== true)
    .map(([name, field]) => ({ [name]: describeField(field) }))
}

/** Everything that is said of one field, nested fields included. */
function describeField(field: Field): Readonly<Record<string, unknown>> {
  const shown: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(field)) {
    if (value === undefined || typeof value === 'function') continue
    shown[name] = value
  }
  if (field.type === 'array' || field.type === 'set')
    shown['elements'] = describeField(field.elements)
  if (field.type === 'map') {
    shown['keys'] = describeField(field.keys)
    shown['values'] = describeField(field.values)
  }
  if (field.type === 'record') describeRecord(field, shown)
  return shown
}

function describeRecord(field: RecordSpec, shown: Record<string, unknown>): void {
  if (field.abstract === true) delete shown['fields']
  else shown['fields'] = describeFields(field.fields)
  if (field.entity_checks !== undefined)
    shown['entity_checks'] = describeChecks(field.entity_checks)
  if (field.shorthand_fields !== undefined)
    shown['shorthand_fields'] = Object.entries(field.shorthand_fields).map(([name, shorthand]) => ({
      [name]: describeField(shorthand.field),
    }))
}

function describeChecks(checks: readonly EntityCheck[]): readonly unknown[] {
  return checks
    .filter((check) => !('custom_entity_check' in check && check.custom_entity_check.own === true))
    .map(withoutFunctions)
}

function withoutFunctions(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutFunctions)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined && typeof member !== 'function')
      .map(([name, member]) => [name, withoutFunctions(member)]),
  )
}
