import { describeSchema } from '../schema/describe.ts'
import { givenFieldViolations, parseRecord } from '../schema/parse.ts'
import type { Parsed } from '../schema/violation.ts'
import { isJsonObject } from '../base/json.ts'
import { caCertificates } from './ca-certificates.ts'
import type { Catalog, ParseOptions, PluginSchema } from './catalog.ts'
import { certificates } from './certificates.ts'
import { clusteringDataPlanes } from './clustering-data-planes.ts'
import { consumers } from './consumers.ts'
import type { Entity, EntityKind, Protocol } from './entity.ts'
import { filterChains } from './filter-chains.ts'
import { keySets } from './key-sets.ts'
import { keys } from './keys.ts'
import { parameters } from './parameters.ts'
import { plugins } from './plugins.ts'
import { mirrorDeprecated } from './mirror-deprecated.ts'
import { routes, type RouterFlavor } from './routes.ts'
import { services } from './services.ts'
import { snis } from './snis.ts'
import { kindSpecs, pluginDescription, vaultDescription, type KindSpecs } from './kind-specs.ts'
import { tags } from './tags.ts'
import { targets } from './targets.ts'
import { transform } from './transform.ts'
import { upstreams } from './upstreams.ts'
import { vaults } from './vaults.ts'
import { workspaces } from './workspaces.ts'

export interface CatalogOptions {
  readonly flavor: RouterFlavor
  /** Whether the gateway's engine runs a text as a regular expression. */
  readonly isRegex?: (text: string) => boolean
  /** Why a router expression does not compile; only asked in flavour `expressions`. */
  readonly checkExpression?: (text: string, protocols: readonly Protocol[]) => string | undefined
}

/**
 * Makes the catalog of all entity kinds: core ones in the order in which they depend on each other,
 * then those of the plugins.
 */
export function createCatalog(loaded: readonly PluginSchema[], options: CatalogOptions): Catalog {
  const pluginsByName = new Map(loaded.map((plugin) => [plugin.name, plugin]))
  const isRunnable = options.isRegex ?? (() => true)
  const kinds = allKinds([...pluginsByName.values()], {
    flavor: options.flavor,
    isRunnable,
    checkExpression: options.checkExpression,
  })
  const specs = new Map(
    [...kinds, tags].map((kind) => [
      kind.name,
      kindSpecs(kind, { plugins: pluginsByName, flavor: options.flavor }),
    ]),
  )
  const kindsByName = new Map([...kinds, tags].map((kind) => [kind.name, kind]))
  const names = [...pluginsByName.keys()]
  return {
    kinds: () => kinds,
    kind: (name) => kindsByName.get(name),
    plugin: (name) => pluginsByName.get(name),
    pluginNames: () => names,
    parse: (name, input, parseOptions) =>
      withForeignFaults(
        parseEntity(specsOf(specs, name), input, { ...parseOptions, isRegex: isRunnable }),
        { input, kind: kindsByName.get(name), specs },
      ),
    describe: (name) => {
      const known = specs.get(name)
      return known && { ...describeSchema(known.base) }
    },
    describePlugin: (name) => {
      const plugin = pluginsByName.get(name)
      return plugin && pluginDescription(plugin)
    },
    describeVault: vaultDescription,
    present: (name, row) =>
      name === 'plugins' ? presentPlugin(row, pluginsByName) : withoutInternals(row),
  }
}

function allKinds(
  loaded: readonly PluginSchema[],
  options: Parameters<typeof routes>[0],
): readonly EntityKind[] {
  const byName = [...loaded].sort((a, b) => (a.name < b.name ? -1 : 1))
  return [
    workspaces,
    consumers,
    certificates,
    services,
    routes(options),
    snis,
    upstreams,
    targets,
    plugins,
    caCertificates,
    clusteringDataPlanes,
    parameters,
    vaults,
    keySets,
    keys,
    filterChains,
    ...byName.flatMap((plugin) => plugin.entities),
  ]
}

function specsOf(specs: ReadonlyMap<string, KindSpecs>, name: string): KindSpecs {
  const known = specs.get(name)
  if (known === undefined) throw new RangeError(`Cannot parse entity: no kind is called "${name}"`)
  return known
}

interface Parsing extends ParseOptions {
  readonly isRegex: (text: string) => boolean
}

function parseEntity(specs: KindSpecs, input: unknown, options: Parsing): Parsed<Entity> {
  if (!isJsonObject(input)) return parseRecord(specs.base, input) as Parsed<Entity>
  const { mode, current, nowSeconds, isRegex } = options
  const chosen = specs.choose(input, current)
  if (!chosen.ok) return { ok: false, violations: [chosen.violation] }
  const parsed = parseRecord(chosen.spec, input, {
    mode,
    nowSeconds,
    isRegex,
    ...(current !== undefined && { current: { ...current } }),
  })
  const { transformations = [] } = specs.kind
  if (transformations.length === 0) return parsed as Parsed<Entity>
  return transform(transformations, parsed, { input, ...options })
}

interface ForeignSources {
  readonly input: unknown
  readonly kind: EntityKind | undefined
  readonly specs: ReadonlyMap<string, KindSpecs>
}

/**
 * Where a reference is an object without a good id, what is wrong with its other fields is said
 * in place of that.
 */
function withForeignFaults(
  parsed: Parsed<Entity>,
  { input, kind, specs }: ForeignSources,
): Parsed<Entity> {
  if (parsed.ok || !isJsonObject(input)) return parsed
  const violations = parsed.violations.flatMap((violation) => {
    const [name, key, ...more] = violation.path
    const field = typeof name === 'string' ? kind?.fields[name] : undefined
    const value = typeof name === 'string' ? input[name] : undefined
    if (field?.type !== 'foreign' || key !== 'id' || more.length > 0 || !isJsonObject(value))
      return [violation]
    const spec = specs.get(field.reference)?.base
    const found = spec === undefined ? [] : givenFieldViolations(spec, value)
    return found.length === 0
      ? [violation]
      : found.map((inner) => ({ ...inner, path: [name!, ...inner.path] }))
  })
  return { ok: false, violations }
}

/** What stores note beside a row. */
function withoutInternals(row: Entity): Readonly<Record<string, unknown>> {
  if (!('expires_at' in row) && !('ws_id' in row)) return row
  const { expires_at: _expiresAt, ws_id: _workspace, ...shown } = row
  return shown
}

function presentPlugin(
  row: Entity,
  loaded: ReadonlyMap<string, PluginSchema>,
): Readonly<Record<string, unknown>> {
  const plugin = loaded.get(row['name'] as string)
  const config = row['config']
  if (plugin === undefined || !isJsonObject(config)) return row
  return { ...row, config: mirrorDeprecated(plugin.config, config) }
}
