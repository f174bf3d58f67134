import type { JsonObject } from '../base/json.ts'
import { isJsonObject } from '../base/json.ts'
import type { RecordSpec } from '../schema/field.ts'
import { valueAt } from '../schema/record-spec.ts'

/**
 * A record as answers show it: fields that were replaced are repeated with the value of the field
 * that replaced them, at every depth.
 *
 * @param row as stored; it is not changed
 */
export function mirrorDeprecated(spec: RecordSpec, row: Readonly<JsonObject>): JsonObject {
  const shown: JsonObject = { ...row }
  for (const [name, shorthand] of Object.entries(spec.shorthand_fields ?? {})) {
    const path = shorthand.field.deprecation?.replaced_with?.[0]?.path
    if (path !== undefined) shown[name] = valueAt(row, path) ?? null
  }
  for (const [name, field] of Object.entries(spec.fields)) {
    const value = row[name]
    if (field.type === 'record' && isJsonObject(value)) shown[name] = mirrorDeprecated(field, value)
  }
  return shown
}
