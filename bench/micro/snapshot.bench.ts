/**
 * What a write costs a worker: processor time of compiling the next snapshot, among 10,000 routes,
 * consumers and configured plugins each, of which the write changes one.
 */
import { randomUUID } from 'node:crypto'
import type { Balancers, PeerSource } from '../../src/balancer/peer.ts'
import type { Entity, EntitySet } from '../../src/entities/entity.ts'
import { catalogOf } from '../../src/gateway/catalog-of.ts'
import { loadPlugins } from '../../src/gateway/load-plugins.ts'
import { testContext } from '../../src/plugin-kit/testing/test-plugin.ts'
import { readSettings } from '../../src/settings/read-settings.ts'
import { compileSnapshot, type Compiled, type CompileOptions } from '../../src/snapshot/compile.ts'
import { median } from '../load/statistics.ts'

const COUNT = 10_000
const WRITES = 15

const read = readSettings({ environment: {}, overrides: {} })
if (!read.ok) throw new Error('The default settings are wrong')
const { plugins } = await loadPlugins(read.settings)
const catalog = catalogOf(read.settings, plugins)

/** What is configured for one route in so many, in turn. */
const CONFIGURED: readonly object[] = [
  { name: 'key-auth' },
  { name: 'rate-limiting', config: { minute: 5, policy: 'local' } },
  { name: 'request-transformer', config: { add: { headers: ['x-a:b', 'x-c:$(headers.foo)'] } } },
  { name: 'cors' },
  { name: 'acl', config: { allow: ['a'] } },
  { name: 'jwt' },
  { name: 'http-log', config: { http_endpoint: 'http://log.test/' } },
  { name: 'ip-restriction', config: { allow: ['10.0.0.0/8'] } },
]

const service = entity('services', { name: 's', url: 'http://a.test' })
const numbers = Array.from({ length: COUNT }, (_, at) => at)
const routes = numbers.map((at) => route(`/r${at}`))
const start: EntitySet = {
  services: [service],
  routes: ordered(routes),
  consumers: ordered(numbers.map((at) => entity('consumers', { username: `c${at}` }))),
  plugins: ordered(routes.map((row, at) => plugin(CONFIGURED[at % CONFIGURED.length]!, row))),
}

const options: CompileOptions = {
  version: 1,
  plugins: new Map(plugins.map((each) => [each.name, each])),
  flavor: 'traditional_compatible',
  balancers: { source: () => ({}) as PeerSource } as unknown as Balancers,
  node: testContext(plugins[0]!).node,
}

let served: Compiled = { snapshot: compileSnapshot(start, options), entities: start }

measure('a consumer more', (at) => more('consumers', entity('consumers', { username: `n${at}` })))
measure('a route more', (at) => more('routes', route(`/n${at}`)))
measure('a plugin more', (at) => more('plugins', plugin(CONFIGURED[0]!, routes[at * 8 + 1]!)))

function measure(name: string, next: (at: number) => EntitySet): void {
  const times = Array.from({ length: WRITES }, (_, at) => {
    const entities = next(at)
    globalThis.gc?.()
    const before = process.cpuUsage()
    const snapshot = compileSnapshot(entities, options, served)
    const { user, system } = process.cpuUsage(before)
    served.snapshot.retire()
    served = { snapshot, entities }
    return (user + system) / 1000
  })
  console.log(
    `${name.padEnd(48)} ${median(times).toFixed(1).padStart(8)} ms, at least ${Math.min(...times).toFixed(1)}`,
  )
}

function more(kind: string, row: Entity): EntitySet {
  return { ...served.entities, [kind]: ordered([...served.entities[kind]!, row]) }
}

function entity(kind: string, fields: object): Entity {
  const mode = { mode: 'insert', nowSeconds: 1_700_000_000 } as const
  const parsed = catalog.parse(kind, { id: randomUUID(), ...fields }, mode)
  if (!parsed.ok) throw new Error(`Cannot make ${kind}: ${JSON.stringify(parsed.violations)}`)
  return parsed.value
}

function route(path: string): Entity {
  return entity('routes', { paths: [path], service: { id: service.id } })
}

function plugin(fields: object, { id }: Entity): Entity {
  return entity('plugins', { ...fields, route: { id } })
}

function ordered(rows: readonly Entity[]): readonly Entity[] {
  return rows.toSorted((one, other) => (one.id < other.id ? -1 : 1))
}
