import type { DeclarativeResult, DeclarativeText } from '../declarative/declarative.ts'
import { parseDeclarative } from '../declarative/parse.ts'
import type { Settings } from '../settings/settings.ts'
import { catalogOf } from './catalog-of.ts'
import { loadPlugins } from './load-plugins.ts'

/** Checks a declarative configuration as a gateway with these settings would, without starting one. */
export async function parseConfiguration(
  settings: Pick<Settings, 'plugins' | 'database' | 'router_flavor'>,
  source: DeclarativeText,
): Promise<DeclarativeResult> {
  const { plugins } = await loadPlugins(settings)
  const catalog = catalogOf(settings, plugins)
  return parseDeclarative(source, { catalog, nowSeconds: Math.floor(Date.now() / 1000) })
}
