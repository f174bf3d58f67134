import { createCatalog } from '../entities/create-catalog.ts'
import type { Catalog } from '../entities/catalog.ts'
import type { Plugin } from '../plugin-kit/plugin.ts'
import { checkExpression } from '../router/expression/check-expression.ts'
import { regexFault } from '../router/pattern.ts'
import type { RouterFlavor } from '../router/route-match.ts'
import { loadPlugins } from './load-plugins.ts'
import type { Settings } from '../settings/settings.ts'

/** The same, with the plugins that the settings name. @throws {StartFault} for one nobody knows */
export async function catalogOfSettings(
  settings: Pick<Settings, 'plugins' | 'database' | 'router_flavor'>,
): Promise<Catalog> {
  const { plugins } = await loadPlugins(settings)
  return catalogOf(settings, plugins)
}

/** The catalog of everything a gateway with these settings can be configured with. */
export function catalogOf(
  settings: Pick<Settings, 'router_flavor'>,
  plugins: readonly Plugin[],
): Catalog {
  return createCatalog(plugins, {
    flavor: settings.router_flavor as RouterFlavor,
    isRegex: (text) => regexFault(text) === undefined,
    checkExpression,
  })
}
