import { randomBytes, randomUUID } from 'node:crypto'
import { isJsonObject, type JsonObject } from '../base/json.ts'
import { entityViolations } from './entity-checks.ts'
import type { Field, RecordSpec } from './field.ts'
import { newContext, type ParseContext } from './parse-context.ts'
import { parseFields, parseValue } from './parse-value.ts'
import { fieldList, withRequiredRecords } from './record-spec.ts'
import { MESSAGES } from './rules.ts'
import { expandShorthands } from './shorthands.ts'
import type { Parsed, Violation } from './violation.ts'

export interface RecordParseOptions {
  /**
   * `insert`: absent fields get defaults and automatic values. `update`: the input is merged over
   * `current`, records field by field, all else whole; then the result is checked as a whole.
   */
  readonly mode: 'insert' | 'update'
  readonly current?: Readonly<JsonObject>
  /** Unix time in seconds, with its fraction, for automatic times. */
  readonly nowSeconds?: number
  /** Whether a text is a regular expression the gateway can run, for `is_regex`. */
  readonly isRegex?: (text: string) => boolean
}

/**
 * Parses a record by its spec: types, rules, defaults, automatic values, shorthands, checks across
 * fields. All violations are reported together, each with its path.
 *
 * @param input not changed
 * @returns every field of the spec, unset ones `null`, those that are not Kong's left out
 */
export function parseRecord(
  spec: RecordSpec,
  input: unknown,
  options: RecordParseOptions = { mode: 'insert' },
): Parsed<JsonObject> {
  if (!isJsonObject(input))
    return { ok: false, violations: [{ path: [], message: 'expected a record', kind: 'field' }] }
  const whole = withRequiredRecords(spec)
  const context = newContext(options.isRegex === undefined ? {} : { isRegex: options.isRegex })
  const expanded = expandShorthands(whole, input, context)
  if (context.violations.length > 0) return { ok: false, violations: context.violations }
  const isUpdate = options.mode === 'update'
  const current = options.current ?? {}
  if (isUpdate) reportImmutable(whole, expanded, current, context)
  const data = isUpdate ? mergeOver(whole, current, expanded) : expanded
  fillAutomatic(whole, data, options)
  const value = parseFields(whole, isUpdate ? withNulls(whole, data) : data, context)
  const found = [...context.violations]
  context.violations.push(
    ...entityViolations(whole, value, { context, parseValue, isUpdate, found }),
  )
  return context.violations.length > 0
    ? { ok: false, violations: context.violations }
    : { ok: true, value }
}

/**
 * Looks at the fields an input has, each for itself: what is missing and what holds across fields
 * does not count.
 */
export function givenFieldViolations(
  spec: RecordSpec,
  input: Readonly<JsonObject>,
): readonly Violation[] {
  const context = newContext({})
  for (const [name, value] of Object.entries(input)) {
    context.path.push(name)
    const field = Object.hasOwn(spec.fields, name) ? spec.fields[name]! : undefined
    if (field !== undefined) parseValue(field, value, context)
    else
      context.violations.push({ path: [...context.path], message: MESSAGES.unknown, kind: 'field' })
    context.path.pop()
  }
  return context.violations
}

/** `over` wins; records are merged field by field at every depth. */
function mergeOver(spec: RecordSpec, under: Readonly<JsonObject>, over: JsonObject): JsonObject {
  // Names may be a client's, and without a prototype none is special.
  const merged = Object.assign(Object.create(null) as JsonObject, under)
  for (const [name, value] of Object.entries(over)) {
    const field = Object.hasOwn(spec.fields, name) ? spec.fields[name] : undefined
    const below = Object.hasOwn(under, name) ? under[name] : undefined
    merged[name] =
      field?.type === 'record' && isJsonObject(value) && isJsonObject(below)
        ? mergeOver(field, below, value)
        : value
  }
  return merged
}

/** On update nothing is filled in at the top: what is absent is unset. */
function withNulls(spec: RecordSpec, data: JsonObject): JsonObject {
  const whole: JsonObject = { ...data }
  for (const [name, field] of fieldList(spec))
    if (!Object.hasOwn(whole, name) && field.type !== 'record') whole[name] = null
  return whole
}

function reportImmutable(
  spec: RecordSpec,
  input: JsonObject,
  current: Readonly<JsonObject>,
  context: ParseContext,
): void {
  for (const [name, field] of fieldList(spec))
    if (
      field.immutable === true &&
      Object.hasOwn(input, name) &&
      !isSame(input[name], current[name])
    )
      context.violations.push({ path: [name], message: MESSAGES.immutable, kind: 'field' })
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function fillAutomatic(spec: RecordSpec, data: JsonObject, options: RecordParseOptions): void {
  const isInsert = options.mode === 'insert'
  for (const [name, field] of fieldList(spec)) {
    const inner = Object.hasOwn(data, name) ? data[name] : isInsert ? recordOf(field) : undefined
    if (field.type === 'record' && isJsonObject(inner)) {
      const copy = { ...inner }
      fillAutomatic(field, copy, options)
      data[name] = copy
    }
    if (field.auto !== true) continue
    if (name === 'updated_at') data[name] = timeOf(field, options)
    else if (isInsert) {
      const given = Object.hasOwn(data, name) ? data[name] : undefined
      data[name] =
        given === undefined || isMadeFor(field, given) ? madeValue(field, options) : given
    }
  }
}

/** What is made where a record is absent that has to be there. */
function recordOf(field: Field): JsonObject | undefined {
  const isMade = field.required === true && field.default === undefined && field.own !== true
  return isMade ? {} : undefined
}

/** Ids and times that are null count as absent; a key that is null stays so. */
function isMadeFor(field: Field, given: unknown): boolean {
  return given === null && (field.uuid === true || field.timestamp === true)
}

function madeValue(field: Field, options: RecordParseOptions): unknown {
  if (field.uuid === true) return randomUUID()
  return field.type === 'string' ? randomText() : timeOf(field, options)
}

function timeOf(field: Field, { nowSeconds = Date.now() / 1000 }: RecordParseOptions): number {
  return field.type === 'integer' ? Math.floor(nowSeconds) : Math.round(nowSeconds * 1000) / 1000
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** Thirty-two letters and digits, hard to guess: credentials without a key or secret get these. */
function randomText(): string {
  let text = ''
  while (text.length < 32)
    // Bytes above the last whole multiple would favour the first letters.
    for (const byte of randomBytes(40))
      if (byte < 248 && text.length < 32) text += LETTERS[byte % LETTERS.length]
  return text
}
