import type {
  ConditionalAtLeastOneOf,
  ConditionalCheck,
  CustomCheck,
  EntityCheck,
  Field,
  RecordSpec,
} from './field.ts'
import { configValue } from './config-value.ts'
import { newContext, type ParseContext } from './parse-context.ts'
import { fieldAt, overriding, valueAt } from './record-spec.ts'
import { quotedSet } from './rules.ts'
import { isVaultReference } from './vault-reference.ts'
import type { Violation } from './violation.ts'

export interface CheckOptions {
  readonly context: ParseContext
  /** Reads a value by a field; passed in, since parsing nested records runs these checks. */
  readonly parseValue: (field: Field, value: unknown, context: ParseContext) => unknown
  /** Changes the words of some messages. */
  readonly isUpdate: boolean
  /** Violations of the record's fields found before; some checks do not run on broken fields. */
  readonly found: readonly Violation[]
}

/** What a failed check says: texts for `@entity`, and texts at fields by dotted path. */
interface Failure {
  readonly entity?: string
  readonly fields?: Readonly<Record<string, FieldTexts>>
}

type FieldTexts = string | readonly Violation[]

interface Subject extends CheckOptions {
  readonly spec: RecordSpec
  readonly record: Readonly<Record<string, unknown>>
}

/**
 * Runs a record's checks across fields.
 *
 * @param record in stored form, unset fields null
 * @returns violations of kind `entity` at the record's path, and of kind `field` below it
 */
export function entityViolations(
  spec: RecordSpec,
  record: Readonly<Record<string, unknown>>,
  options: CheckOptions,
): readonly Violation[] {
  const checks = spec.entity_checks
  if (checks === undefined) return NOTHING
  const subject: Subject = { spec, record, ...options }
  let violations = NOTHING
  for (const check of checks) {
    const failure = isSkipped(check, subject) ? undefined : runCheck(check, subject)
    if (failure !== undefined)
      violations = [...violations, ...toViolations(failure, options.context.path)]
  }
  return violations
}

const NOTHING: readonly Violation[] = []

function toViolations(failure: Failure, base: readonly (string | number)[]): readonly Violation[] {
  const violations: Violation[] = []
  if (failure.entity !== undefined)
    violations.push({ path: [...base], message: failure.entity, kind: 'entity' })
  for (const [name, texts] of Object.entries(failure.fields ?? {})) {
    const path = [...base, ...name.split('.')]
    if (typeof texts === 'string') violations.push({ path, message: texts, kind: 'field' })
    else for (const text of texts) violations.push({ ...text, path: [...path, ...text.path] })
  }
  return violations
}

/** The fields a check reads, by dotted path. */
function sourcesOf(check: EntityCheck): readonly string[] {
  let known = sources.get(check)
  if (known === undefined) {
    known = listSources(check)
    sources.set(check, known)
  }
  return known
}

const sources = new WeakMap<EntityCheck, readonly string[]>()

function listSources(check: EntityCheck): readonly string[] {
  if ('conditional' in check) return [check.conditional.if_field, check.conditional.then_field]
  if ('conditional_at_least_one_of' in check) {
    const { if_field, then_at_least_one_of } = check.conditional_at_least_one_of
    return [if_field, ...then_at_least_one_of]
  }
  if ('custom_entity_check' in check) return check.custom_entity_check.field_sources
  if ('mutually_exclusive_sets' in check)
    return [...check.mutually_exclusive_sets.set1, ...check.mutually_exclusive_sets.set2]
  return Object.values(check as Readonly<Record<string, readonly string[]>>).flat()
}

/** A reference may stand for anything; a broken field has had its message already. */
function isSkipped(check: EntityCheck, subject: Subject): boolean {
  const names = sourcesOf(check)
  const isReferenced = names.some(
    (name) =>
      isVaultReference(valueAt(subject.record, name)) &&
      fieldAt(subject.spec, name)?.referenceable === true,
  )
  if (isReferenced) return true
  // Nothing is broken: every check runs.
  if (subject.found.length === 0) return false
  if ('custom_entity_check' in check && check.custom_entity_check.run_with_invalid_fields === true)
    return false
  const needsValid =
    'custom_entity_check' in check ||
    'mutually_required' in check ||
    'mutually_exclusive' in check ||
    'mutually_exclusive_sets' in check
  return needsValid && names.some((name) => isKnownInvalid(check, name, subject))
}

/** Kong looks for a broken field by its whole name at the top, so checks that only count do not see one in a record. */
function isKnownInvalid(check: EntityCheck, name: string, subject: Subject): boolean {
  const isSeen = 'custom_entity_check' in check || !name.includes('.')
  return isSeen && isInvalid(name, subject)
}

function isInvalid(name: string, { found, context }: Subject): boolean {
  const parts = name.split('.')
  return found.some(({ path, kind }) => {
    const below = path.slice(context.path.length)
    return kind === 'field' && parts.every((part, at) => at >= below.length || below[at] === part)
  })
}

function runCheck(check: EntityCheck, subject: Subject): Failure | undefined {
  if ('conditional' in check) return conditional(check.conditional, subject)
  if ('conditional_at_least_one_of' in check)
    return conditionalAtLeastOneOf(check.conditional_at_least_one_of, subject)
  if ('custom_entity_check' in check) return custom(check.custom_entity_check, subject)
  if ('distinct' in check) return distinct(check.distinct, subject)
  const entity = countingFault(check, subject)
  return entity === undefined ? undefined : { entity }
}

type CountingCheck = Exclude<
  EntityCheck,
  | { readonly conditional: unknown }
  | { readonly conditional_at_least_one_of: unknown }
  | { readonly custom_entity_check: unknown }
  | { readonly distinct: unknown }
>

/** Checks that only ask how many of their fields are filled. */
function countingFault(check: CountingCheck, subject: Subject): string | undefined {
  const filledOf = (names: readonly string[]): readonly string[] =>
    names.filter((name) => isFilled(valueAt(subject.record, name)))
  const filled = (names: readonly string[]): number => filledOf(names).length
  if ('at_least_one_of' in check) {
    const names = check.at_least_one_of
    return filled(names) > 0 ? undefined : atLeastOneOf(names, subject)
  }
  if ('only_one_of' in check) {
    const names = check.only_one_of
    return filled(names) === 1
      ? undefined
      : `exactly one of these fields must be non-empty: ${quoted(names)}`
  }
  if ('mutually_required' in check) {
    const names = check.mutually_required
    return [0, names.length].includes(filled(names)) ? undefined : mutuallyRequired(names)
  }
  if ('mutually_exclusive' in check) {
    const names = check.mutually_exclusive
    return filled(names) < 2
      ? undefined
      : `only one or none of these fields must be set: ${quoted(names)}`
  }
  const set1 = filledOf(check.mutually_exclusive_sets.set1)
  const set2 = filledOf(check.mutually_exclusive_sets.set2)
  return set1.length === 0 || set2.length === 0
    ? undefined
    : `these sets are mutually exclusive: ${quotedSet(set1)}, ${quotedSet(set2)}`
}

/** Not null, not `""`, not an empty list or object. */
export function isFilled(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return false
  return typeof value !== 'object' || Object.keys(value).length > 0
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ')
}

export function mutuallyRequired(names: readonly string[]): string {
  return `all or none of these fields must be set: ${quoted(names)}`
}

function atLeastOneOf(names: readonly string[], { isUpdate }: Subject): string {
  const prefix = isUpdate ? 'when updating, ' : ''
  return `${prefix}at least one of these fields must be non-empty: ${quoted(names)}`
}

function distinct(names: readonly string[], { record }: Subject): Failure | undefined {
  const values = names.map((name) => valueAt(record, name)).filter(isFilled)
  return new Set(values).size === values.length
    ? undefined
    : { entity: `values of these fields must be distinct: ${quoted(names)}` }
}

function missing(name: string, { isUpdate }: Subject): Failure {
  const when = isUpdate ? ' when updating' : ''
  return { fields: { [name]: `field required for entity check${when}` } }
}

function conditional(check: ConditionalCheck, subject: Subject): Failure | undefined {
  const value = valueAt(subject.record, check.if_field)
  if (value === undefined)
    return isInvalid(check.if_field, subject) ? undefined : missing(check.if_field, subject)
  if (matchViolations(check.if_field, check.if_match, value, subject).length > 0) return undefined
  const then = valueAt(subject.record, check.then_field) ?? null
  const broken = matchViolations(check.then_field, check.then_match, then, subject)
  if (broken.length === 0) return undefined
  const entity =
    check.then_err ?? `failed conditional validation given value of field '${check.if_field}'`
  return { entity, fields: { [check.then_field]: broken } }
}

function conditionalAtLeastOneOf(
  check: ConditionalAtLeastOneOf,
  subject: Subject,
): Failure | undefined {
  const value = valueAt(subject.record, check.if_field)
  if (value === undefined || value === null) return undefined
  const holds = (match: object): boolean =>
    matchViolations(check.if_field, match, value, subject).length === 0
  if (holds(check.if_match)) return oneOf(check.then_at_least_one_of, check.then_err, subject)
  if (check.else_match === undefined || !holds(check.else_match)) return undefined
  return oneOf(check.else_then_at_least_one_of ?? [], check.else_then_err, subject)
}

function oneOf(
  names: readonly string[],
  text: string | undefined,
  subject: Subject,
): Failure | undefined {
  if (names.some((name) => isFilled(valueAt(subject.record, name)))) return undefined
  return { entity: text?.replace('%s', quoted(names)) ?? atLeastOneOf(names, subject) }
}

/** Reads a value by the rules of its field with those of the check before them. */
function matchViolations(
  name: string,
  match: object,
  value: unknown,
  { spec, context, parseValue }: Subject,
): readonly Violation[] {
  const inner = newContext(context)
  parseValue(overriding(fieldAt(spec, name), match), value, inner)
  return inner.violations
}

function custom(check: CustomCheck, subject: Subject): Failure | undefined {
  if (check.run_with_missing_fields !== true) {
    const absent = check.field_sources.find((name) => valueAt(subject.record, name) === undefined)
    if (absent !== undefined)
      return isInvalid(absent, subject) ? undefined : missing(absent, subject)
  }
  const answer = check.fn(configValue(subject.spec, subject.record) as Record<string, never>)
  if (answer === undefined) return undefined
  return typeof answer === 'string' ? { entity: answer } : { fields: answer }
}
