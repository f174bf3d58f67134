import type { Route } from '../entities/entity.ts'
import type { EntityLookup } from '../plugin-kit/plugin.ts'

/** Headers and arguments of the query that routes of a configuration are told apart by. */
export interface RoutingNames {
  /** Lower-case. */
  readonly headers: readonly string[]
  readonly query: ReadonlySet<string>
}

/** Never kept, even if a route asks for them: they are what clients prove themselves with. */
const SECRET_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'proxy-authorization',
])

const known = new WeakMap<EntityLookup, RoutingNames>()

export function routingNames(entities: EntityLookup): RoutingNames {
  let names = known.get(entities)
  if (names === undefined) known.set(entities, (names = namesOf(entities.rows('routes'))))
  return names
}

function namesOf(rows: readonly unknown[]): RoutingNames {
  const headers = new Set<string>()
  const query = new Set<string>()
  for (const { headers: fields, expression } of rows as readonly Route[]) {
    for (const name of Object.keys(fields ?? {})) headers.add(name.toLowerCase())
    if (typeof expression !== 'string') continue
    // In an expression `_` stands for `-` too.
    for (const [, name] of expression.matchAll(/http\.headers\.([\w-]+)/g))
      headers.add(name!.toLowerCase()).add(name!.toLowerCase().replaceAll('_', '-'))
    for (const [, name] of expression.matchAll(/http\.queries\.([\w-]+)/g)) query.add(name!)
  }
  return { headers: [...headers].filter((name) => !SECRET_HEADERS.has(name)), query }
}
