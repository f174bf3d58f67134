import { isDeepStrictEqual } from 'node:util'
import { isMap, isScalar, isSeq, type Document, type YAMLMap } from 'yaml'
import { isJsonObject } from '../../base/json.ts'
import type { Field, Fields, RecordSpec } from '../../schema/field.ts'

type Row = Readonly<Record<string, unknown>>

/** What is written of a record: its fields, and short ways to write several of them. */
export type WrittenSpec = Pick<RecordSpec, 'fields' | 'shorthand_fields'>

/** Writes those fields of a record that differ from what they were, inside records field by field. */
export function writeChangedFields(
  document: Document,
  map: YAMLMap,
  spec: WrittenSpec,
  { before, after }: { readonly before: Row; readonly after: Row },
): void {
  const known = withoutShorthands(document, map, spec, before)
  for (const [name, field] of Object.entries(spec.fields)) {
    const [old, value] = [known[name], after[name]]
    if (isDeepStrictEqual(old, value)) continue
    const below: unknown = map.get(name, true)
    if (field.type === 'record' && isMap(below) && isJsonObject(old) && isJsonObject(value))
      writeChangedFields(document, below, field, { before: old, after: value })
    else writeField(document, map, { name, field, value })
  }
}

/**
 * Takes shorthands out of a node, since they would win over the fields they stand for.
 * @returns the record as the node says it without them: what they stood for is not written
 */
function withoutShorthands(document: Document, map: YAMLMap, spec: WrittenSpec, before: Row): Row {
  const given = Object.entries(spec.shorthand_fields ?? {}).filter(([name]) => map.has(name))
  if (given.length === 0) return before
  const known = structuredClone(before) as Record<string, unknown>
  for (const [name, { expand, field }] of given) {
    const value = valueIn(document, map, name)
    map.delete(name)
    for (const top of Object.keys(expand?.(value as never) ?? {})) forget(known, [top])
    for (const { path } of field.deprecation?.replaced_with ?? []) forget(known, path)
  }
  return known
}

function forget(record: Record<string, unknown>, [name, ...below]: readonly string[]): void {
  const value = name === undefined ? undefined : record[name]
  if (below.length > 0 && isJsonObject(value)) forget(value, below)
  else if (name !== undefined) record[name] = undefined
}

/** The value of a member as it is meant, aliases followed. */
export function valueIn(document: Document, map: YAMLMap, name: string): unknown {
  const node = map.get(name, true) as { toJS?(document: Document): unknown } | undefined
  return node?.toJS?.(document)
}

/** Writes one field; a value it has anyway when nothing is written is left out. */
export function writeField(
  document: Document,
  map: YAMLMap,
  { name, field, value }: { readonly name: string; readonly field: Field; readonly value: unknown },
): void {
  if (value === null || value === undefined) {
    if (field.default === undefined || field.default === null) map.delete(name)
    else map.set(name, null)
    return
  }
  const node: unknown = map.get(name, true)
  if (isScalar(node) && typeof value !== 'object' && node.anchor === undefined) node.value = value
  else if (isSeq(node) && Array.isArray(value)) node.items = elements(document, node.items, value)
  else map.set(name, document.createNode(value))
}

/** Elements that stay keep their nodes, and with them their comments. */
function elements(
  document: Document,
  nodes: readonly unknown[],
  values: readonly unknown[],
): unknown[] {
  const left = [...nodes]
  return values.map((value) => {
    const at = left.findIndex((node) => isScalar(node) && node.value === value)
    return at === -1 ? document.createNode(value) : left.splice(at, 1)[0]
  })
}

/** A record without what it has anyway: nothing, and defaults at every depth. */
export function withoutDefaults(fields: Fields, row: Row): Record<string, unknown> {
  const kept: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields)) {
    const value = row[name]
    if (value === null || value === undefined || isDeepStrictEqual(value, field.default)) continue
    if (field.type !== 'record' || !isJsonObject(value)) kept[name] = value
    else {
      const inner = withoutDefaults(field.fields, value)
      if (Object.keys(inner).length > 0) kept[name] = inner
    }
  }
  return kept
}
