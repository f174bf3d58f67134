import type { DescribedRequest } from '../admin/explain-resources.ts'
import type { EntitySet } from '../entities/entity.ts'
import type { Plugin } from '../plugin-kit/plugin.ts'
import type { RouterFlavor } from '../router/route-match.ts'
import type { Settings } from '../settings/settings.ts'
import {
  routeExplainer,
  type RouteExplanation,
  type RouteQuestion,
} from '../snapshot/explain-route.ts'
import { loadPlugins } from './load-plugins.ts'

export type { RouteExplanation } from '../snapshot/explain-route.ts'

type Explainer = ReturnType<typeof routeExplainer>

export type ExplainRoute = (
  request: DescribedRequest,
) => RouteExplanation | { readonly fault: string }

/** Explains routing under a configuration that nobody need serve. */
export async function explainConfiguration(
  settings: Pick<Settings, 'plugins' | 'database' | 'router_flavor'>,
  entities: EntitySet,
): Promise<ExplainRoute> {
  const { plugins } = await loadPlugins(settings)
  const explain = explainerOf(entities, settings.router_flavor as RouterFlavor, plugins)
  return (request) => explain(questionOf(request))
}

/**
 * Explains routing under what a store holds. The router for it is the main thread's own, made when
 * somebody asks and kept until the store has changed.
 */
export function explainStore(options: {
  readonly store: { readonly version: number; all(): EntitySet }
  readonly plugins: readonly Plugin[]
  readonly flavor: RouterFlavor
}): ExplainRoute {
  const { store, plugins, flavor } = options
  let known: { readonly version: number; readonly explain: Explainer } | undefined
  return (request) => {
    const { version } = store
    if (known?.version !== version)
      known = { version, explain: explainerOf(store.all(), flavor, plugins) }
    return known.explain(questionOf(request))
  }
}

function explainerOf(
  entities: EntitySet,
  flavor: RouterFlavor,
  plugins: readonly Plugin[],
): Explainer {
  const byName = new Map(plugins.map((plugin) => [plugin.name, plugin]))
  return routeExplainer(entities, { flavor, plugins: byName })
}

function questionOf(request: DescribedRequest): RouteQuestion {
  const { method, url, headers, sni, consumer } = request
  const { source_ip, source_port, destination_ip, destination_port } = request
  const named = Object.entries(headers ?? {}).map(([name, values]) => [name.toLowerCase(), values])
  return {
    method,
    url,
    headers: Object.fromEntries(named) as RouteQuestion['headers'],
    ...(sni !== null && { sni }),
    ...(consumer !== null && { consumer }),
    ...(source_ip !== null && { sourceIp: source_ip }),
    ...(source_port !== null && { sourcePort: source_port }),
    ...(destination_ip !== null && { destinationIp: destination_ip }),
    ...(destination_port !== null && { destinationPort: destination_port }),
  }
}
