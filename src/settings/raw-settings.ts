import { closestWord } from '../base/closest-word.ts'
import { parseConf } from './parse-conf.ts'
import { ALIASES, isInjectedDirective, PROPERTIES } from './properties.ts'

/** Where values come from, the weakest first. */
export interface SettingsSources {
  /** Instead of the built-in defaults. */
  readonly defaults?: Readonly<Record<string, string>>
  readonly file?: { readonly path: string; readonly text: string } | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
  /** From the command line. */
  readonly overrides?: Readonly<Record<string, string | undefined>>
}

/** A value as written, and where: `kong.conf:12`, `KONG_LOG_LEVEL`, `command line`. */
export interface RawValue {
  readonly text: string
  readonly origin: string
}

export interface RawSettings {
  readonly values: ReadonlyMap<string, RawValue>
  /** Injected nginx directives that are no property. */
  readonly injected: ReadonlyMap<string, RawValue>
  readonly warnings: readonly string[]
}

/** `KONG_` for those who come from it; `PORTUNUS_` wins. */
const PREFIXES = ['KONG_', 'PORTUNUS_'] as const

/** Brings all sources together: defaults < file < `KONG_*` < `PORTUNUS_*` < command line. */
export function rawSettings(sources: SettingsSources): RawSettings {
  const found: Found = {
    values: new Map(),
    strong: new Set(),
    injected: new Map(),
    warnings: [],
  }
  for (const [name, text] of Object.entries(sources.defaults ?? {}))
    take(name, { text, origin: 'default' }, found)
  if (sources.file) takeFile(sources.file, found)
  for (const prefix of PREFIXES) takeEnvironment(prefix, sources.environment, found)
  for (const [name, text] of Object.entries(sources.overrides ?? {}))
    if (text !== undefined) take(name, { text, origin: 'command line' }, found)
  return found
}

/** What was found so far; changed in place. */
interface Found {
  readonly values: Map<string, RawValue>
  /** Properties set under a name that is stronger than their own. */
  readonly strong: Set<string>
  readonly injected: Map<string, RawValue>
  readonly warnings: string[]
}

/** @returns whether the name is known */
function take(name: string, value: RawValue, found: Found): boolean {
  const { values, strong, injected, warnings } = found
  const alias = ALIASES.get(name)
  const property = alias?.name ?? name
  if (alias?.isDeprecated)
    warnings.push(`the '${name}' configuration property is deprecated, use '${property}' instead`)
  if (alias?.isStronger) strong.add(property)
  if (PROPERTIES.has(property)) {
    if (alias?.isStronger || !strong.has(property)) values.set(property, value)
  } else if (isInjectedDirective(name)) injected.set(name, value)
  else return false
  return true
}

function takeFile({ path, text }: NonNullable<SettingsSources['file']>, found: Found): void {
  const { entries, strayLines } = parseConf(text)
  for (const line of strayLines)
    found.warnings.push(`${path}:${line}: not a property: a line reads "name = value"`)
  for (const { name, value, line } of entries) {
    const origin = `${path}:${line}`
    if (!take(name, { text: value, origin }, found))
      found.warnings.push(`${origin}: unknown property '${name}'${suggestion(name)}, ignored`)
  }
}

function takeEnvironment(
  prefix: (typeof PREFIXES)[number],
  environment: SettingsSources['environment'],
  found: Found,
): void {
  for (const [variable, text] of Object.entries(environment).sort()) {
    if (text === undefined || !variable.startsWith(prefix)) continue
    const name = variable.slice(prefix.length).toLowerCase()
    if (take(name, { text, origin: variable }, found) || prefix === 'KONG_') continue
    const hint = suggestion(name)
    // Kubernetes sets variables of the same form for services; only a near miss is a mistake.
    if (hint !== '') found.warnings.push(`${variable}: unknown property '${name}'${hint}, ignored`)
  }
}

function suggestion(name: string): string {
  const nearest = closestWord(name, [...PROPERTIES.keys(), ...ALIASES.keys()])
  return nearest === undefined ? '' : ` (did you mean '${nearest}'?)`
}
