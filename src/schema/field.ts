/**
 * The field-schema language: plain data that says what a field may hold. Every entity and every
 * plugin configuration is described in it once; parsing, defaults, `/schemas` answers, JSON Schema,
 * reference pages and forms all follow from the description.
 *
 * The words are those of Kong's schema language, so that `/schemas` answers need no translation.
 * The phantom type parameter of {@link Field} is the TypeScript type of an accepted value, with
 * absent values as `undefined`; {@link ValueOf} reads it back.
 */

/** Rules on a value. They are tried in the order of `schema/rules.ts`; the first broken one speaks. */
export interface Rules {
  readonly eq?: unknown
  readonly ne?: unknown
  readonly not_one_of?: readonly unknown[]
  readonly one_of?: readonly unknown[]
  readonly gt?: number
  readonly timestamp?: boolean
  readonly uuid?: boolean
  readonly is_regex?: boolean
  readonly between?: readonly [number, number]
  readonly len_eq?: number
  readonly len_min?: number
  readonly len_max?: number
  readonly starts_with?: string
  /** Lua patterns, as Kong publishes them; matched by `schema/lua-pattern.ts`. */
  readonly not_match?: string
  readonly match_none?: readonly PatternRule[]
  readonly match?: string
  readonly match_all?: readonly PatternRule[]
  readonly match_any?: { readonly patterns: readonly string[]; readonly err?: string }
  readonly contains?: unknown
  /** What no rule above can say. Returns the message of the violation. Never shown in `/schemas`. */
  readonly custom_validator?: (value: never) => string | undefined
  readonly mutually_exclusive_subsets?: readonly (readonly string[])[]
}

export interface PatternRule {
  readonly pattern: string
  readonly err?: string
}

export interface Deprecation {
  readonly message: string
  readonly removal_in_version: string
  readonly old_default?: unknown
  readonly replaced_with?: readonly { readonly path: readonly string[] }[]
}

/** What every kind of field has in common. */
export interface FieldOptions extends Rules {
  readonly description?: string
  readonly required?: boolean
  readonly default?: unknown
  /** Made by the gateway when absent: a uuid, a time, or a random string of 32 letters and digits. */
  readonly auto?: boolean
  readonly unique?: boolean
  readonly unique_across_ws?: boolean
  readonly immutable?: boolean
  readonly encrypted?: boolean
  /** May hold a `{vault://…}` reference, which is then not checked further. */
  readonly referenceable?: boolean
  /** Stands in for the message of any broken rule of this field. */
  readonly err?: string
  readonly deprecation?: Deprecation
  readonly abstract?: boolean
  /** Not Kong's: `/schemas` does not show it, and a row has it only where it is set. */
  readonly own?: true
}

export type Fields = Readonly<Record<string, Field>>

export interface StringSpec extends FieldOptions {
  readonly type: 'string'
}
export interface NumberSpec extends FieldOptions {
  readonly type: 'number' | 'integer'
}
export interface BooleanSpec extends FieldOptions {
  readonly type: 'boolean'
}
export interface ListSpec extends FieldOptions {
  readonly type: 'array' | 'set'
  readonly elements: Field
}
export interface MapSpec extends FieldOptions {
  readonly type: 'map'
  readonly keys: Field
  readonly values: Field
}
export interface RecordSpec extends FieldOptions {
  readonly type: 'record'
  readonly fields: Fields
  readonly entity_checks?: readonly EntityCheck[]
  readonly shorthand_fields?: Readonly<Record<string, Shorthand>>
}
export interface ForeignSpec extends FieldOptions {
  readonly type: 'foreign'
  /** Name of the entity referred to, e.g. `services`. */
  readonly reference: string
  readonly on_delete?: 'cascade' | 'null' | 'restrict'
}
export interface JsonSpec extends FieldOptions {
  readonly type: 'json' | 'any'
}

export type FieldSpec =
  | StringSpec
  | NumberSpec
  | BooleanSpec
  | ListSpec
  | MapSpec
  | RecordSpec
  | ForeignSpec
  | JsonSpec

declare const valueType: unique symbol
export type Field<Value = unknown> = FieldSpec & { readonly [valueType]?: Value }

/** An accepted but not stored field that sets others; with `deprecation.replaced_with` it is mirrored in answers. */
export interface Shorthand {
  readonly field: Field
  /** Fields to set in the same record. Absent: the value goes to `deprecation.replaced_with[].path`. */
  readonly expand?: (value: never) => Readonly<Record<string, unknown>>
}

/** Checks across fields; their messages land in `@entity`. Field names may be dotted paths. */
export type EntityCheck =
  | { readonly at_least_one_of: readonly string[] }
  | { readonly only_one_of: readonly string[] }
  | { readonly distinct: readonly string[] }
  | { readonly mutually_required: readonly string[] }
  | { readonly mutually_exclusive: readonly string[] }
  | {
      readonly mutually_exclusive_sets: {
        readonly set1: readonly string[]
        readonly set2: readonly string[]
      }
    }
  | { readonly conditional: ConditionalCheck }
  | { readonly conditional_at_least_one_of: ConditionalAtLeastOneOf }
  | { readonly custom_entity_check: CustomCheck }

export interface ConditionalCheck {
  readonly if_field: string
  readonly if_match: Rules & { readonly required?: boolean; readonly elements?: ElementRules }
  readonly then_field: string
  readonly then_match: Rules & { readonly required?: boolean }
  readonly then_err?: string
}

export interface ConditionalAtLeastOneOf {
  readonly if_field: string
  readonly if_match: Rules & { readonly elements?: ElementRules }
  readonly then_at_least_one_of: readonly string[]
  readonly then_err?: string
  readonly else_match?: Rules & { readonly elements?: ElementRules }
  readonly else_then_at_least_one_of?: readonly string[]
  readonly else_then_err?: string
}

/** Rules for each element of a list; they stand in for the list's own. */
export type ElementRules = Rules & { readonly type: 'string' | 'integer' | 'number' }

export interface CustomCheck {
  /** About fields that are not Kong's: `/schemas` does not show it. */
  readonly own?: true
  readonly field_sources: readonly string[]
  readonly run_with_missing_fields?: boolean
  readonly run_with_invalid_fields?: boolean
  /** @returns the message for `@entity`, or messages by field, or nothing */
  readonly fn: (
    entity: Record<string, never>,
  ) => string | Readonly<Record<string, string>> | undefined
}

/** The type of an accepted value of a field, or of a record of fields. */
export type ValueOf<F> = F extends Field<infer Value> ? Value : never
export type RecordOf<F extends Fields> = { readonly [Name in keyof F]: ValueOf<F[Name]> }

type Present<Value, Options> = Options extends
  | { required: true }
  | { default: NonNullable<unknown> }
  ? Value
  : Value | undefined

type Given<Options> = Options & FieldOptions

export function string<const Options extends FieldOptions = object>(
  options?: Given<Options>,
): Field<
  Present<Options extends { one_of: readonly (infer Choice)[] } ? Choice : string, Options>
> {
  return { type: 'string', ...options } as never
}

export function number<const Options extends FieldOptions = object>(
  options?: Given<Options>,
): Field<Present<number, Options>> {
  return { type: 'number', ...options } as never
}

export function integer<const Options extends FieldOptions = object>(
  options?: Given<Options>,
): Field<Present<number, Options>> {
  return { type: 'integer', ...options } as never
}

export function boolean<const Options extends FieldOptions = object>(
  options?: Given<Options>,
): Field<Present<boolean, Options>> {
  return { type: 'boolean', ...options } as never
}

export function array<Element, const Options extends FieldOptions = object>(
  elements: Field<Element>,
  options?: Given<Options>,
): Field<Present<readonly NonNullable<Element>[], Options>> {
  return { type: 'array', elements, ...options } as never
}

export function set<Element, const Options extends FieldOptions = object>(
  elements: Field<Element>,
  options?: Given<Options>,
): Field<Present<readonly NonNullable<Element>[], Options>> {
  return { type: 'set', elements, ...options } as never
}

export function map<Value, const Options extends FieldOptions = object>(
  keys: Field<string | undefined>,
  values: Field<Value>,
  options?: Given<Options>,
): Field<Present<Readonly<Record<string, NonNullable<Value>>>, Options>> {
  return { type: 'map', keys, values, ...options } as never
}

/** A record is expanded to its defaults when absent, so its type is never `undefined`. */
export function record<const Inner extends Fields>(
  fields: Inner,
  options?: FieldOptions & Pick<RecordSpec, 'entity_checks' | 'shorthand_fields'>,
): Field<RecordOf<Inner>> {
  return { type: 'record', fields, ...options } as never
}

export function foreign<const Options extends FieldOptions = object>(
  reference: string,
  options?: Given<Options> & Pick<ForeignSpec, 'on_delete'>,
): Field<Present<{ readonly id: string }, Options>> {
  return { type: 'foreign', reference, ...options } as never
}

/** Any JSON value, stored as it is. */
export function json(options?: FieldOptions): Field<unknown> {
  return { type: 'json', ...options }
}
