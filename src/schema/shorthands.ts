import { isJsonObject, type JsonObject } from '../base/json.ts'
import type { Field, RecordSpec, Shorthand } from './field.ts'
import { luaText } from './lua-literal.ts'
import type { ParseContext } from './parse-context.ts'
import { parseValue } from './parse-value.ts'
import { valueAt } from './record-spec.ts'

/**
 * Replaces accepted but not stored fields by the fields they stand for, at every depth.
 *
 * A deprecated shorthand yields to the field it was replaced with; any other one overrides.
 * A broken shorthand hides all other violations, since nothing else can be judged without it.
 *
 * @param context receives the violations; its path is that of the record
 * @returns a new object; `input` is not changed
 */
export function expandShorthands(
  spec: RecordSpec,
  input: JsonObject,
  context: ParseContext,
): JsonObject {
  let expanded: JsonObject = { ...input }
  for (const [name, shorthand] of Object.entries(spec.shorthand_fields ?? {})) {
    if (!Object.hasOwn(expanded, name)) continue
    const value = expanded[name]
    if (isBroken(name, shorthand, expanded, context)) continue
    delete expanded[name]
    for (const [target, given] of Object.entries(targetsOf(shorthand, value)))
      expanded = { ...expanded, [target]: merged(shorthand, expanded[target], given) }
  }
  for (const [name, field] of fieldsToExpand(spec))
    if (Object.hasOwn(expanded, name)) {
      context.path.push(name)
      expanded[name] = expandInside(field, expanded[name], context)
      context.path.pop()
    }
  return expanded
}

/** Fields with a shorthand somewhere inside; worked out once, since every row is looked at. */
function fieldsToExpand(spec: RecordSpec): readonly (readonly [string, Field])[] {
  let known = expandable.get(spec)
  if (known === undefined) {
    known = Object.entries(spec.fields).filter(([, field]) => holdsShorthand(field))
    expandable.set(spec, known)
  }
  return known
}

const expandable = new WeakMap<RecordSpec, readonly (readonly [string, Field])[]>()

function holdsShorthand(field: Field): boolean {
  if (field.type === 'array' || field.type === 'set') return holdsShorthand(field.elements)
  if (field.type !== 'record') return false
  return field.shorthand_fields !== undefined || Object.values(field.fields).some(holdsShorthand)
}

function isBroken(
  name: string,
  shorthand: Shorthand,
  record: JsonObject,
  context: ParseContext,
): boolean {
  const value = record[name]
  const before = context.violations.length
  context.path.push(name)
  parseValue(shorthand.field, value, context)
  const mismatch = mismatchMessage(name, shorthand, record)
  if (mismatch !== undefined && context.violations.length === before)
    context.violations.push({ path: [...context.path], message: mismatch, kind: 'field' })
  context.path.pop()
  return context.violations.length > before
}

function mismatchMessage(
  name: string,
  shorthand: Shorthand,
  record: JsonObject,
): string | undefined {
  const old = record[name]
  if (old === null || old === undefined) return undefined
  for (const { path } of shorthand.field.deprecation?.replaced_with ?? []) {
    const value = valueAt(record, path)
    if (value !== null && value !== undefined && JSON.stringify(value) !== JSON.stringify(old))
      return (
        'both deprecated and new field are used but their values mismatch: ' +
        `${name} = ${luaText(old)} vs ${path.join('.')} = ${luaText(value)}`
      )
  }
  return undefined
}

function targetsOf(shorthand: Shorthand, value: unknown): Readonly<Record<string, unknown>> {
  if (shorthand.expand !== undefined) return shorthand.expand(value as never)
  const targets: JsonObject = {}
  for (const { path } of shorthand.field.deprecation?.replaced_with ?? []) {
    const [first, ...rest] = path
    if (first === undefined) continue
    const nested = rest.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value)
    targets[first] = mergeDeep(targets[first], nested)
  }
  return targets
}

function merged(shorthand: Shorthand, present: unknown, given: unknown): unknown {
  const isDeprecated = shorthand.field.deprecation !== undefined
  if (isJsonObject(given)) {
    return isDeprecated ? mergeDeep(given, present ?? {}) : mergeDeep(present ?? {}, given)
  }
  return isDeprecated && present !== undefined && present !== null ? present : given
}

/** Values of `over` win; a present value that is no object wins over an object it cannot hold. */
function mergeDeep(under: unknown, over: unknown): unknown {
  if (!isJsonObject(under) || !isJsonObject(over)) return over
  const result = Object.assign(Object.create(null) as JsonObject, under)
  for (const [name, value] of Object.entries(over)) result[name] = mergeDeep(result[name], value)
  return result
}

function expandInside(field: Field, value: unknown, context: ParseContext): unknown {
  if (field.type === 'record' && isJsonObject(value)) return expandShorthands(field, value, context)
  if ((field.type === 'array' || field.type === 'set') && field.elements.type === 'record') {
    const { elements } = field
    if (!Array.isArray(value)) return value
    return value.map((element, index) => {
      context.path.push(index)
      const expanded = expandInside(elements, element, context)
      context.path.pop()
      return expanded
    })
  }
  return value
}
