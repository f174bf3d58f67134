import { isJsonObject, type JsonObject } from '../base/json.ts'
import { present } from './config-value.ts'
import { entityViolations } from './entity-checks.ts'
import type { Field, FieldSpec, ListSpec, MapSpec, RecordSpec } from './field.ts'
import { fieldList, requiredField } from './record-spec.ts'
import type { ParseContext } from './parse-context.ts'
import { brokenRule, isUuid, MESSAGES } from './rules.ts'
import { luaText } from './lua-literal.ts'
import { isVaultReference } from './vault-reference.ts'

/**
 * Checks a value against its field and brings it into stored form: defaults filled in, sets without
 * repetitions, nested records whole. Every violation goes to the context.
 *
 * @returns the stored form; where there were violations, something to run checks across fields on
 */
export function parseValue(field: Field, value: unknown, context: ParseContext): unknown {
  if (value === null || value === undefined) {
    report(context, nullViolation(field))
    return null
  }
  if (field.eq === null) {
    report(context, field.err ?? 'value must be null')
    return null
  }
  if (field.referenceable === true && isVaultReference(value)) return value
  const found = context.violations.length
  const parsed = parseByType(field, value, context)
  if (context.violations.length > found) return parsed
  const seen = field.custom_validator === undefined ? parsed : present(field, parsed)
  report(context, brokenRule(field, seen, context))
  return parsed
}

/** What a field becomes that is absent on insert: its default, a record of defaults, or null. */
function absentValue(field: Field): unknown {
  const { default: usual } = field
  if (usual !== undefined) return copyOf(usual)
  return field.type === 'record' && field.required === true ? {} : null
}

/** Defaults are JSON, for which this is ten times faster than `structuredClone`. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf)
  if (!isJsonObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, copyOf(member)]))
}

/** Parses all fields of a record; absent ones become what {@link absentValue} says. */
export function parseFields(
  spec: RecordSpec,
  input: Readonly<JsonObject>,
  context: ParseContext,
): JsonObject {
  const parsed: JsonObject = {}
  for (const [name, field] of fieldList(spec)) {
    const given = Object.hasOwn(input, name) ? input[name] : undefined
    if (field.own === true && (given === undefined || given === null)) continue
    context.path.push(name)
    parsed[name] = parseValue(field, given === undefined ? absentValue(field) : given, context)
    context.path.pop()
  }
  for (const name of Object.keys(input))
    if (!Object.hasOwn(spec.fields, name)) report(context, MESSAGES.unknown, name)
  return parsed
}

function report(context: ParseContext, message: string | undefined, ...below: string[]): void {
  if (message !== undefined)
    context.violations.push({ path: [...context.path, ...below], message, kind: 'field' })
}

function nullViolation(field: Field): string | undefined {
  if (field.ne === null) return field.err ?? 'value must not be null'
  if (field.eq !== undefined && field.eq !== null) return `value must be ${luaText(field.eq)}`
  return field.required === true ? MESSAGES.required : undefined
}

function parseByType(field: FieldSpec, value: unknown, context: ParseContext): unknown {
  switch (field.type) {
    case 'string':
      return scalar(typeof value === 'string', value, 'expected a string', context)
    case 'number':
      // JSON reads 1e999 as infinite, which no encoding could give back.
      return scalar(Number.isFinite(value), value, 'expected a number', context)
    case 'integer':
      return scalar(Number.isInteger(value), value, 'expected an integer', context)
    case 'boolean':
      return scalar(typeof value === 'boolean', value, 'expected a boolean', context)
    case 'array':
    case 'set':
      return parseList(field, value, context)
    case 'map':
      return parseMap(field, value, context)
    case 'record':
      return parseNested(field, value, context)
    case 'foreign':
      return parseForeign(value, context)
    case 'json':
    case 'any':
      return scalar(!isTooDeep(value), value, 'nested too deeply', context)
  }
}

function scalar(isRight: boolean, value: unknown, message: string, context: ParseContext): unknown {
  if (!isRight) report(context, message)
  return value
}

/** An empty object passes for an empty list, as the two are one thing in Lua. */
function parseList(field: ListSpec, value: unknown, context: ParseContext): unknown {
  if (!Array.isArray(value)) {
    const isEmpty = isJsonObject(value) && Object.keys(value).length === 0
    if (isEmpty) return []
    report(context, field.type === 'set' ? 'expected a set' : 'expected an array')
    return value
  }
  const isRepeating = field.type === 'set' && value.length > 1
  const given = isRepeating ? [...new Set(value as unknown[])] : (value as unknown[])
  const elements = requiredField(field.elements)
  return given.map((element, index) => {
    context.path.push(index)
    const parsed = parseValue(elements, element, context)
    context.path.pop()
    return parsed
  })
}

/** Only the first broken key or value is reported, at the map itself, as Kong does. */
function parseMap(field: MapSpec, value: unknown, context: ParseContext): unknown {
  // Keys come from clients; without a prototype none of them can mean anything else.
  const parsed = Object.create(null) as JsonObject
  if (Array.isArray(value) ? value.length > 0 : !isJsonObject(value)) {
    report(context, Array.isArray(value) ? 'expected a string' : 'expected a map')
    return value
  }
  const [keys, values] = [requiredField(field.keys), requiredField(field.values)]
  const found = context.violations.length
  for (const [key, element] of Object.entries(value as object)) {
    parseValue(keys, key, context)
    if (context.violations.length > found) return value
    parsed[key] = parseValue(values, element, context)
    if (context.violations.length > found) return value
  }
  return parsed
}

function parseNested(field: RecordSpec, value: unknown, context: ParseContext): unknown {
  if (typeof value !== 'object') {
    report(context, 'expected a record')
    return value
  }
  if (Array.isArray(value)) {
    value.forEach((_element, index) => {
      context.violations.push({
        path: [...context.path, index],
        message: MESSAGES.unknown,
        kind: 'field',
      })
    })
  }
  const found = context.violations.length
  const parsed = parseFields(field, Array.isArray(value) ? {} : (value as JsonObject), context)
  if (field.entity_checks !== undefined)
    context.violations.push(
      ...entityViolations(field, parsed, {
        context,
        parseValue,
        isUpdate: false,
        found: context.violations.slice(found),
      }),
    )
  return parsed
}

function parseForeign(value: unknown, context: ParseContext): { readonly id: unknown } {
  const id = isJsonObject(value) && Object.hasOwn(value, 'id') ? value['id'] : undefined
  if (id === undefined) report(context, MESSAGES.missingKey, 'id')
  else if (id === null) report(context, MESSAGES.required, 'id')
  else if (typeof id !== 'string') report(context, 'expected a string', 'id')
  else if (!isUuid(id)) report(context, 'expected a valid UUID', 'id')
  return { id }
}

const MAX_JSON_DEPTH = 128

/** Free JSON is walked by others later, with recursion. */
function isTooDeep(value: unknown): boolean {
  let level: readonly unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_JSON_DEPTH) return true
    level = level.flatMap((item) =>
      typeof item === 'object' && item !== null ? Object.values(item) : [],
    )
  }
  return false
}
