import type { Field, RecordSpec } from './field.ts'
import { fieldList } from './record-spec.ts'

/**
 * A stored record as code reads it: unset values, `null` at the wire, are left out at every depth.
 * Lists, maps and free JSON values stay as they are.
 *
 * @param row as `parseRecord` made it; it is not changed
 * @returns a new object; the type is that of the spec's `RecordOf`
 */
export function configValue(
  spec: RecordSpec,
  row: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const config: Record<string, unknown> = {}
  for (const [name, field] of fieldList(spec)) {
    const value = row[name]
    if (value !== null && value !== undefined) config[name] = present(field, value)
  }
  return config
}

/** A value of one field with unset record members left out. */
export function present(field: Field, value: unknown): unknown {
  if (field.type === 'record' && isRow(value)) return configValue(field, value)
  if ((field.type === 'array' || field.type === 'set') && Array.isArray(value)) {
    const { elements } = field
    return elements.type === 'record' ? value.map((element) => present(elements, element)) : value
  }
  if (field.type === 'map' && field.values.type === 'record' && isRow(value)) {
    const map = Object.create(null) as Record<string, unknown>
    for (const [key, element] of Object.entries(value)) map[key] = present(field.values, element)
    return map
  }
  return value
}

function isRow(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
