import type { PatternRule, Rules } from './field.ts'
import { luaText } from './lua-literal.ts'
import { matchesLuaPattern } from './lua-pattern.ts'

/** The value's own rules: texts of messages are on the wire and equal Kong's. */
export const MESSAGES = {
  required: 'required field missing',
  unknown: 'unknown field',
  missingKey: 'missing primary key',
  immutable: 'immutable field cannot be updated',
} as const

export interface RuleContext {
  /** Whether a text is a regular expression the gateway can run. */
  readonly isRegex?: (text: string) => boolean
}

/** @returns the message when the rule is broken */
type Rule<Argument = never> = (
  value: never,
  argument: NonNullable<Argument>,
  context: RuleContext,
) => string | undefined

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value)
}

/** In the published order, which decides which message is shown. */
const RULES: { readonly [Name in keyof Required<Rules>]: Rule<Rules[Name]> } = {
  eq: (value, argument) =>
    isSame(value, argument) ? undefined : `value must be ${luaText(argument)}`,
  ne: (value, argument) =>
    isSame(value, argument) ? `value must not be ${luaText(argument)}` : undefined,
  not_one_of: (value, choices) =>
    choices.includes(value) ? `must not be one of: ${choices.map(luaText).join(', ')}` : undefined,
  one_of: (value, choices) =>
    choices.includes(value) ? undefined : `expected one of: ${choices.map(luaText).join(', ')}`,
  gt: (value: number, limit) =>
    value > limit ? undefined : `value must be greater than ${luaText(limit)}`,
  timestamp: (value: number) => (value > 0 ? undefined : 'expected a valid timestamp'),
  uuid: (value: string) => (UUID.test(value) ? undefined : 'expected a valid UUID'),
  is_regex: (value: string, _wanted, context) =>
    (context.isRegex ?? isScriptRegex)(value) ? undefined : `not a valid regex: ${value}`,
  between: (value: number, [low, high]) =>
    value >= low && value <= high
      ? undefined
      : // Kong writes the limits as whole numbers, whatever they are.
        `value should be between ${Math.trunc(low)} and ${Math.trunc(high)}`,
  len_eq: (value, length) => (lengthOf(value) === length ? undefined : `length must be ${length}`),
  len_min: (value, length) =>
    lengthOf(value) >= length ? undefined : `length must be at least ${length}`,
  len_max: (value, length) =>
    lengthOf(value) <= length ? undefined : `length must be at most ${length}`,
  starts_with: (value: string, prefix) =>
    value.startsWith(prefix) ? undefined : `should start with: ${prefix}`,
  not_match: (value: string, pattern) =>
    matchesLuaPattern(pattern, value) ? `invalid value: ${value}` : undefined,
  match_none: (value: string, patterns) => firstMessage(value, patterns, false),
  match: (value: string, pattern) =>
    matchesLuaPattern(pattern, value) ? undefined : `invalid value: ${value}`,
  match_all: (value: string, patterns) => firstMessage(value, patterns, true),
  match_any: (value: string, { patterns, err }) =>
    patterns.some((pattern) => matchesLuaPattern(pattern, value))
      ? undefined
      : (err ?? `invalid value: ${value}`),
  contains: (value: readonly unknown[], wanted) =>
    value.includes(wanted) ? undefined : `expected to contain: ${luaText(wanted)}`,
  custom_validator: (value: never, validate) => validate(value),
  mutually_exclusive_subsets: (value: readonly string[], subsets) =>
    exclusiveSubsets(value, subsets),
}

const ORDER = Object.keys(RULES) as readonly (keyof Rules)[]

/**
 * Tries a value of the right type against the rules of its field.
 *
 * @param value never null; with nulls inside records left out when a custom validator is to see it
 * @returns the message of the first broken rule
 */
export function brokenRule(
  rules: FieldRules,
  value: unknown,
  context: RuleContext,
): string | undefined {
  let active = activeRules.get(rules)
  if (active === undefined) {
    active = ORDER.filter((name) => isActive(name, rules))
    activeRules.set(rules, active)
  }
  for (const name of active) {
    const argument = name === 'len_min' ? (rules.len_min ?? 1) : rules[name]
    const message = RULES[name](value as never, argument as never, context)
    if (message !== undefined) return rules.err ?? message
  }
  return undefined
}

interface FieldRules extends Rules {
  readonly type?: string
  readonly err?: string
}

/** Which rules a field has at all; looked up for every value, so worked out once a field. */
const activeRules = new WeakMap<FieldRules, readonly (keyof Rules)[]>()

function isActive(name: keyof Rules, rules: FieldRules): boolean {
  const argument = rules[name]
  // Strings are not empty unless their field says so.
  if (name === 'len_min' && rules.type === 'string') return argument !== 0
  if (argument === undefined || argument === null) return false
  // False is a value to compare with; any other rule it switches off.
  return argument !== false || name === 'eq' || name === 'ne'
}

function isSame(value: unknown, argument: unknown): boolean {
  return value === argument || JSON.stringify(value) === JSON.stringify(argument)
}

/** Texts count in bytes of UTF-8. */
function lengthOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  return Array.isArray(value) ? value.length : Object.keys(value as object).length
}

function firstMessage(
  value: string,
  patterns: readonly PatternRule[],
  shouldMatch: boolean,
): string | undefined {
  const broken = patterns.find((rule) => matchesLuaPattern(rule.pattern, value) !== shouldMatch)
  return broken && (broken.err ?? `invalid value: ${value}`)
}

function exclusiveSubsets(
  value: readonly string[],
  subsets: readonly (readonly string[])[],
): string | undefined {
  const touched = subsets.filter((subset) => value.some((element) => subset.includes(element)))
  if (touched.length < 2) return undefined
  const ofEach = value.flatMap((element) => subsets.filter((subset) => subset.includes(element)))
  const present = [...new Set(ofEach)]
  return `these sets are mutually exclusive: ${present.map(quotedSet).join(', ')}`
}

/** `('a', 'b')` */
export function quotedSet(names: readonly string[]): string {
  return `(${names.map((name) => `'${name}'`).join(', ')})`
}

function isScriptRegex(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp
  } catch {
    // Not compiling is the answer asked for.
    return false
  }
}
