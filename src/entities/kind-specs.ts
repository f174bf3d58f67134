import type { JsonObject } from '../base/json.ts'
import { describeSchema } from '../schema/describe.ts'
import { integer, type Fields, type RecordSpec } from '../schema/field.ts'
import { luaText } from '../schema/lua-literal.ts'
import { MESSAGES } from '../schema/rules.ts'
import type { Violation } from '../schema/violation.ts'
import type { PluginSchema } from './catalog.ts'
import type { EntityKind, Protocol } from './entity.ts'
import { PROTOCOL_NAMES } from './fields.ts'
import { pluginFields } from './plugins.ts'
import { protocolSubschema } from './route-protocols.ts'
import type { RouterFlavor } from './routes.ts'
import { VAULT_CONFIGS } from './vaults.ts'

/** The schemas of one kind: the one all its rows have, and those that depend on a field. */
export interface KindSpecs {
  readonly kind: EntityKind
  readonly base: RecordSpec
  /** The schema of a row; on update its deciding field may come from the stored row. */
  choose(input: JsonObject, current: Readonly<JsonObject> | undefined): ChosenSpec
}

type ChosenSpec =
  | { readonly ok: true; readonly spec: RecordSpec }
  | { readonly ok: false; readonly violation: Violation }

export interface SubschemaSources {
  readonly plugins: ReadonlyMap<string, PluginSchema>
  readonly flavor: RouterFlavor
}

export function kindSpecs(kind: EntityKind, sources: SubschemaSources): KindSpecs {
  const base = baseSpec(kind)
  const subschemas = subschemasOf(kind, base, sources)
  const key = kind.subschemaKey
  if (subschemas === undefined || key === undefined) return plainSpecs(kind, base)
  return {
    kind,
    base,
    choose(input, current) {
      const given = Object.hasOwn(input, key) ? input[key] : current?.[key]
      return chooseSpec(given ?? base.fields[key]!.default, { key, ...subschemas })
    },
  }
}

/** Only rows that live for a limited time have a `ttl`, so others do not show one. */
function plainSpecs(kind: EntityKind, base: RecordSpec): KindSpecs {
  const whole: ChosenSpec = { ok: true, spec: base }
  if (kind.hasTtl !== true) return { kind, base, choose: () => whole }
  const limited: ChosenSpec = {
    ok: true,
    spec: narrowed(base, { fields: { ttl: TTL }, checks: [] }),
  }
  return {
    kind,
    base,
    choose: (input, current) =>
      Object.hasOwn(input, 'ttl') || typeof current?.['ttl'] === 'number' ? limited : whole,
  }
}

interface Subschemas {
  readonly specs: ReadonlyMap<string, RecordSpec>
  readonly unknown: (name: string) => string
}

/** A list decides by its first known element. A row whose schema is unknown is not looked at further. */
function chooseSpec(
  given: unknown,
  { key, specs, unknown }: Subschemas & { readonly key: string },
): ChosenSpec {
  const refuse = (message: string): ChosenSpec => ({
    ok: false,
    violation: { path: [key], message, kind: 'field' },
  })
  if (given === undefined || given === null) return refuse(MESSAGES.required)
  if (!Array.isArray(given) && typeof given !== 'string') return refuse('expected a string')
  const names: readonly unknown[] = Array.isArray(given) ? given : [given]
  for (const name of names) {
    const spec = typeof name === 'string' ? specs.get(name) : undefined
    if (spec !== undefined) return { ok: true, spec }
  }
  return refuse(unknown(names.length === 0 ? 'nil' : luaText(names[0])))
}

/** Credentials and the like may run out; how long they live is then a field of theirs. */
const TTL = integer({
  description: 'Time-to-live value in seconds.',
  between: [0, 100_000_000],
})

function baseSpec(kind: EntityKind): RecordSpec {
  return {
    type: 'record',
    fields: kind.fields,
    entity_checks: kind.checks ?? [],
    ...(kind.shorthands !== undefined && { shorthand_fields: kind.shorthands }),
  }
}

function subschemasOf(
  kind: EntityKind,
  base: RecordSpec,
  { plugins, flavor }: SubschemaSources,
): Subschemas | undefined {
  switch (kind.name) {
    case 'plugins':
      return {
        specs: mapValues(plugins, (plugin) =>
          narrowed(base, { fields: pluginFields(plugin), checks: plugin.checks }),
        ),
        unknown: (name) =>
          `plugin '${name}' not enabled; add it to the 'plugins' configuration property`,
      }
    case 'routes':
      return {
        specs: new Map(
          PROTOCOL_NAMES.map((protocol: Protocol) => [
            protocol,
            narrowed(base, protocolSubschema(protocol, kind.fields, flavor)),
          ]),
        ),
        unknown: (name) => `unknown type: ${name}`,
      }
    case 'vaults':
      return {
        specs: mapValues(new Map(Object.entries(VAULT_CONFIGS)), (config) =>
          narrowed(base, { fields: { config }, checks: [] }),
        ),
        unknown: (name) => `vault '${name}' is not installed`,
      }
    default:
      return undefined
  }
}

function mapValues<From, To>(
  from: ReadonlyMap<string, From>,
  change: (value: From) => To,
): ReadonlyMap<string, To> {
  return new Map([...from].map(([name, value]) => [name, change(value)]))
}

function narrowed(
  base: RecordSpec,
  { fields, checks }: { readonly fields: Fields; readonly checks: RecordSpec['entity_checks'] },
): RecordSpec {
  return {
    ...base,
    fields: { ...base.fields, ...fields },
    entity_checks: [...(base.entity_checks ?? []), ...(checks ?? [])],
  }
}

/** The answer of `GET /schemas/plugins/{name}`: what is the plugin's own. */
export function pluginDescription(plugin: PluginSchema): Readonly<Record<string, unknown>> {
  return {
    ...describeSchema({
      type: 'record',
      fields: pluginFields(plugin),
      entity_checks: plugin.checks,
    }),
  }
}

/** The answer of `GET /schemas/vaults/{name}`. */
export function vaultDescription(name: string): Readonly<Record<string, unknown>> | undefined {
  if (!Object.hasOwn(VAULT_CONFIGS, name)) return undefined
  return { ...describeSchema({ type: 'record', fields: { config: VAULT_CONFIGS[name]! } }) }
}
