import type { Route } from '../../entities/entity.ts'
import { nameOf, type LintedConfig, type Rule, type Warning } from './rule.ts'

/** What stands for anything that a route leaves open. */
const ANYTHING = 'zq-anything'
/** Paths below a prefix, to see whether only the prefix itself goes elsewhere. */
const BELOW = ['', `/${ANYTHING}`, `/${ANYTHING}/1/2.x`]
const MOST_PROBES = 500

/** Routes of which no request is left, since others that come first take them all. */
export const shadowedRoute: Rule = {
  code: 'shadowed-route',
  find: (config) => config.routes.flatMap((route) => shadowOf(route, config)),
}

function shadowOf(route: Route, { routes, findRoute }: LintedConfig): readonly Warning[] {
  const probes = probesOf(route)
  if (probes === undefined || probes.length === 0 || probes.length > MOST_PROBES) return []
  const takers = new Set<string>()
  for (const probe of probes) {
    const taker = findRoute(probe)
    // What takes none of its own has conditions that these probes do not meet.
    if (taker === undefined || taker === route.id) return []
    takers.add(taker)
  }
  const names = routes.filter(({ id }) => takers.has(id)).map((other) => `"${nameOf(other)}"`)
  return [
    {
      kind: 'routes',
      id: route.id,
      message: `route "${nameOf(route)}" is never taken: ${names.join(', ')} ${names.length === 1 ? 'takes' : 'take'} its requests`,
      fix: 'make its conditions narrower, those of the other wider, or give it a higher regex_priority',
    },
  ]
}

/** @returns requests of which each is one that the route is for; nothing when none can be thought up */
function probesOf(route: Route) {
  const { paths, hosts, methods, headers, snis, sources, destinations, protocols } = route
  if (sources?.length || destinations?.length || typeof route.expression === 'string')
    return undefined
  if (paths?.some((path) => path.startsWith('~'))) return undefined
  const named = Object.entries(headers ?? {})
  if (named.some(([, [value]]) => value?.startsWith('~*'))) return undefined
  const schemes = protocols.filter((protocol) => protocol === 'http' || protocol === 'https')
  const heads = Object.fromEntries(named.map(([name, values]) => [name.toLowerCase(), values]))
  return schemes.flatMap((scheme) =>
    orAnything(hosts, 'zq-anything.invalid').flatMap((host) =>
      orAnything(paths, '').flatMap((path) =>
        orAnything(methods, 'GET').flatMap((method) =>
          BELOW.map((below) => ({
            method,
            url: `${scheme}://${host.replace('*', ANYTHING)}${joined(path, below)}`,
            headers: heads,
            ...(scheme === 'https' && snis?.[0] && { sni: snis[0].replace('*', ANYTHING) }),
          })),
        ),
      ),
    ),
  )
}

function orAnything(values: readonly string[] | null, anything: string): readonly string[] {
  return values === null || values.length === 0 ? [anything] : values
}

function joined(path: string, below: string): string {
  return below === '' ? path || '/' : path.replace(/\/$/, '') + below
}
