import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Balancers, PeerSource } from '../balancer/peer.ts'
import type { Entity, EntitySet } from '../entities/entity.ts'
import { exit } from '../plugin-kit/answer.ts'
import type { Exchange } from '../plugin-kit/exchange.ts'
import { definePlugin, type NodeServices, type Plugin } from '../plugin-kit/plugin.ts'
import { fakeExchange } from '../plugin-kit/testing/fake-exchange.ts'
import { testContext } from '../plugin-kit/testing/test-plugin.ts'
import { string } from '../schema/field.ts'
import { runAccess } from './chain.ts'
import { compileSnapshot, type CompileOptions } from './compile.ts'
import type { Snapshot } from './snapshot.ts'

/** Leaves its mark in a header, so that a test sees which configuration ran. */
const mark = markPlugin('mark', 100)

function markPlugin(name: string, priority: number, more: Partial<Plugin> = {}): Plugin {
  const plugin = definePlugin({
    name,
    priority,
    schema: { as: string({ required: true }), unset: string() },
    create: (config) => ({
      access: ({ upstream }) =>
        upstream.addHeader('x-mark', [config.as, ...('unset' in config ? ['unset'] : [])].join()),
    }),
  })
  return { ...plugin, ...more }
}

const id = (name: string): string => name
const ref = (name: string | undefined) => (name === undefined ? null : { id: name })

function service(name: string, more: object = {}): Entity {
  return {
    id: id(name),
    name,
    protocol: 'http',
    host: `${name}.test`,
    port: 80,
    path: null,
    retries: 5,
    connect_timeout: 1,
    write_timeout: 2,
    read_timeout: 3,
    client_certificate: null,
    tls_verify: null,
    tls_verify_depth: null,
    ca_certificates: null,
    enabled: true,
    ...more,
  }
}

function route(name: string, serviceName?: string, more: object = {}): Entity {
  return {
    id: id(name),
    name,
    created_at: 1,
    protocols: ['http', 'https'],
    paths: [`/${name}`],
    methods: null,
    hosts: null,
    headers: null,
    snis: null,
    sources: null,
    destinations: null,
    regex_priority: 0,
    path_handling: 'v0',
    service: ref(serviceName),
    ...more,
  }
}

interface Bound {
  readonly route?: string
  readonly service?: string
  readonly consumer?: string
}

function pluginRow(as: string, bound: Bound = {}, more: object = {}): Entity {
  return {
    id: id(`plugin-${as}`),
    name: 'mark',
    instance_name: null,
    route: ref(bound.route),
    service: ref(bound.service),
    consumer: ref(bound.consumer),
    config: { as, unset: null },
    protocols: ['grpc', 'grpcs', 'http', 'https'],
    enabled: true,
    ...more,
  }
}

const SOURCE = {} as PeerSource

const OPTIONS: CompileOptions = {
  version: 7,
  plugins: new Map(),
  flavor: 'traditional_compatible',
  balancers: { source: () => SOURCE } as unknown as Balancers,
  node: testContext(mark).node,
}

function compile(
  entities: EntitySet,
  plugins: readonly Plugin[] = [mark],
  settings: { readonly node?: Partial<NodeServices>; readonly asked?: string[] } = {},
): Snapshot {
  const source: Balancers['source'] = (host, port) => {
    settings.asked?.push(`${host}:${port}`)
    return SOURCE
  }
  return compileSnapshot(entities, {
    ...OPTIONS,
    plugins: new Map(plugins.map((plugin) => [plugin.name, plugin])),
    balancers: { source } as Balancers,
    node: { ...OPTIONS.node, ...settings.node },
  })
}

function planFor(snapshot: Snapshot, path: string) {
  const match = snapshot.router.match({
    method: 'GET',
    path: path as never,
    rawQuery: '',
    host: 'gateway.test',
    scheme: 'http',
    port: 8000,
    sni: undefined,
    sourceIp: '127.0.0.1',
    sourcePort: 1,
    destinationIp: '127.0.0.1',
    destinationPort: 8000,
    headerValues: () => [],
  })
  return match && snapshot.plan(match)
}

/** The marks a request gets, with a consumer that was known from the beginning. */
function marksOf(snapshot: Snapshot, path: string, consumer?: string): readonly string[] {
  const exchange: Exchange = fakeExchange({}, { startedAtMs: 0, recordsDecisions: false })
  if (consumer !== undefined)
    exchange.authenticate({ consumer: { id: consumer } as never, credential: undefined })
  void runAccess(planFor(snapshot, path)!.chain, exchange)
  return exchange.upstream.headerValues('x-mark')
}

const SCOPES: readonly Bound[] = [
  { route: 'r', service: 's', consumer: 'c' },
  { route: 'r', consumer: 'c' },
  { service: 's', consumer: 'c' },
  { route: 'r', service: 's' },
  { consumer: 'c' },
  { route: 'r' },
  { service: 's' },
  {},
]
const nameOf = (bound: Bound): string => Object.keys(bound).join('+') || 'global'
const WORLD = {
  services: [service('s'), service('other')],
  routes: [route('r', 's'), route('q', 's'), route('o', 'other'), route('alone')],
}

describe('compileSnapshot() › scopes', () => {
  it.each(SCOPES.map((bound, index) => [nameOf(bound), index] as const))(
    'prefers %s to all that is less specific',
    (name, index) => {
      const rows = SCOPES.slice(index).map((bound) => pluginRow(nameOf(bound), bound))
      const snapshot = compile({ ...WORLD, plugins: rows.toReversed() })
      expect(marksOf(snapshot, '/r', 'c')).toEqual([name])
    },
  )

  it('runs the most specific configuration that fits, whichever there are', () => {
    const subset = fc.subarray([...SCOPES])
    const consumer = fc.constantFrom('c', 'd', undefined)
    const where = fc.constantFrom(
      { path: '/r', route: 'r', service: 's' },
      { path: '/q', route: 'q', service: 's' },
      { path: '/o', route: 'o', service: 'other' },
      { path: '/alone', route: 'alone', service: undefined },
    )
    fc.assert(
      fc.property(subset, consumer, where, (bounds, who, place) => {
        const fits = (bound: Bound): boolean =>
          (bound.route === undefined || bound.route === place.route) &&
          (bound.service === undefined || bound.service === place.service) &&
          (bound.consumer === undefined || bound.consumer === who)
        const expected = SCOPES.filter((bound) => bounds.includes(bound)).find(fits)
        const snapshot = compile({
          ...WORLD,
          plugins: bounds.map((bound) => pluginRow(nameOf(bound), bound)),
        })
        expect(marksOf(snapshot, place.path, who)).toEqual(expected ? [nameOf(expected)] : [])
      }),
    )
  })

  it('takes the wider configuration when the specific one is switched off', () => {
    const rows = [pluginRow('global'), pluginRow('off', { route: 'r' }, { enabled: false })]
    expect(marksOf(compile({ ...WORLD, plugins: rows }), '/r')).toEqual(['global'])
  })

  it('leaves out configurations for streams', () => {
    const rows = [pluginRow('global', {}, { protocols: ['tcp', 'tls'] })]
    expect(marksOf(compile({ ...WORLD, plugins: rows }), '/r')).toEqual([])
  })

  it('ignores the consumer for plugins that cannot be bound to one', () => {
    const blind = markPlugin('mark', 100, { not: ['consumer'] })
    const rows = [pluginRow('mine', { consumer: 'c' }), pluginRow('global')]
    expect(marksOf(compile({ ...WORLD, plugins: rows }, [blind]), '/r', 'c')).toEqual(['global'])
  })

  it('looks a configuration up when its turn comes, by the consumer an earlier plugin found', () => {
    const finder: Plugin = {
      ...markPlugin('finder', 2000),
      create: () => ({
        access: (exchange) =>
          exchange.authenticate({ consumer: { id: 'c' } as never, credential: undefined }),
      }),
    }
    const rows = [
      pluginRow('finder', {}, { name: 'finder' }),
      pluginRow('mine', { consumer: 'c' }),
      pluginRow('global'),
    ]
    expect(marksOf(compile({ ...WORLD, plugins: rows }, [mark, finder]), '/r')).toEqual(['mine'])
  })
})

describe('compileSnapshot() › chains', () => {
  it('orders plugins by priority, equal ones by name, both descending', () => {
    const plugins = [
      markPlugin('a', 5),
      markPlugin('b', 5),
      markPlugin('z', -1),
      markPlugin('y', 9),
    ]
    const rows = ['z', 'a', 'y', 'b'].map((name) => pluginRow(name, {}, { name }))
    expect(marksOf(compile({ ...WORLD, plugins: rows }, plugins), '/r')).toEqual([
      'y',
      'b',
      'a',
      'z',
    ])
  })

  it('collects the later plugins also when an earlier one answers', () => {
    const answering: Plugin = {
      ...markPlugin('answering', 500),
      create: () => ({ access: () => exit(403) }),
    }
    const rows = [
      pluginRow('answering', {}, { name: 'answering' }),
      pluginRow('mine', { consumer: 'c' }),
      pluginRow('global'),
    ]
    const snapshot = compile({ ...WORLD, plugins: rows }, [mark, answering])
    const exchange: Exchange = fakeExchange({}, { startedAtMs: 0, recordsDecisions: false })
    const outcome = runAccess(planFor(snapshot, '/r')!.chain, exchange)
    expect(outcome).toMatchObject({ answer: { status: 403 } })
    expect('collected' in outcome && outcome.collected.all.map((each) => each.id)).toEqual([
      'plugin-answering',
      'plugin-global',
    ])
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('bug')
      },
    ],
    ['rejects', () => Promise.reject(new Error('bug'))],
  ])('collects the later plugins also when an earlier one %s', async (_, access) => {
    const failing: Plugin = { ...markPlugin('failing', 500), create: () => ({ access }) }
    for (const more of [[], [pluginRow('mine', { consumer: 'c' })]]) {
      const rows = [pluginRow('failing', {}, { name: 'failing' }), pluginRow('global'), ...more]
      const snapshot = compile({ ...WORLD, plugins: rows }, [mark, failing])
      const exchange: Exchange = fakeExchange({}, { startedAtMs: 0, recordsDecisions: false })
      const outcome = await runAccess(planFor(snapshot, '/r')!.chain, exchange)
      expect(outcome).toMatchObject({ answer: undefined, failure: { plugin: 'failing' } })
      expect(outcome.collected.all.map((each) => each.name)).toEqual(['failing', 'mark'])
      expect(exchange.upstream.header('x-mark')).toBeUndefined()
    }
  })

  it('has the global configurations for requests without a route, and says which rewrite', () => {
    const rewriting: Plugin = { ...mark, create: () => ({ rewrite: () => undefined }) }
    const rows = [pluginRow('global'), pluginRow('route', { route: 'r' })]
    const { globalChain, hasRewrite } = compile({ ...WORLD, plugins: rows }, [rewriting])
    expect(globalChain.collected.all.map((each) => each.id)).toEqual(['plugin-global'])
    expect(hasRewrite).toBe(true)
    expect(compile({ ...WORLD, plugins: rows }).hasRewrite).toBe(false)
    expect(compile({ ...WORLD, plugins: rows.slice(1) }, [rewriting]).hasRewrite).toBe(false)
  })

  it('makes one plan for each route, and shares what is static', () => {
    const snapshot = compile({ ...WORLD, plugins: [pluginRow('global')] })
    expect(planFor(snapshot, '/r')).toBe(planFor(snapshot, '/r'))
    expect(planFor(snapshot, '/r')?.chain.isStatic).toBe(true)
    expect(planFor(compile(WORLD), '/r')?.chain.steps).toEqual([])
  })

  it('says what kind of route it is', () => {
    const routes = [
      route('plain'),
      route('secure', undefined, { protocols: ['https'] }),
      route('grpcs', undefined, { protocols: ['grpcs'] }),
      route('grpc', undefined, { protocols: ['grpc', 'grpcs'] }),
    ]
    const snapshot = compile({ routes })
    const facts = (path: string) => {
      const { needsTls, isGrpcRoute } = planFor(snapshot, path)!
      return [needsTls, isGrpcRoute]
    }
    expect(['/plain', '/secure', '/grpcs', '/grpc'].map(facts)).toEqual([
      [false, false],
      [true, false],
      [true, true],
      [false, true],
    ])
  })

  it('gives instances what their schema says, unset fields left out', () => {
    const rows = [pluginRow('a', {}, { config: { as: 'a', unset: null } })]
    expect(marksOf(compile({ ...WORLD, plugins: rows }), '/r')).toEqual(['a'])
  })
})

describe('compileSnapshot() › targets', () => {
  it('are made once a service, when a plan first needs one', () => {
    const asked: string[] = []
    const snapshot = compile(WORLD, [mark], { asked })
    expect(asked).toEqual([])
    expect(planFor(snapshot, '/r')?.target).toMatchObject({
      scheme: 'http',
      host: 's.test',
      port: 80,
      path: '/',
      peers: SOURCE,
      retries: 5,
      connectTimeoutMs: 1,
      writeTimeoutMs: 2,
      readTimeoutMs: 3,
      tls: undefined,
    })
    expect(planFor(snapshot, '/q')?.target).toBe(planFor(snapshot, '/r')?.target)
    expect(asked).toEqual(['s.test:80'])
    expect(planFor(snapshot, '/alone')?.target).toBeUndefined()
  })

  const secure = (more: object) => ({
    services: [service('s', { protocol: 'https', host: 'up', ...more })],
    routes: [route('r', 's')],
    certificates: [
      { id: 'own', cert: 'C1', key: 'K1' },
      { id: 'shared', cert: 'C2', key: 'K2' },
    ],
    ca_certificates: [{ id: 'ca', cert: 'CA' }],
    upstreams: [{ id: 'u', name: 'up', client_certificate: { id: 'shared' } }],
  })
  const tlsOf = (more: object, node: Partial<NodeServices> = {}) =>
    planFor(compile(secure(more), [mark], { node }), '/r')?.target?.tls

  it('take the certificate of the service, else that of its upstream', () => {
    expect(tlsOf({ client_certificate: { id: 'own' } })?.certificate).toEqual({
      cert: 'C1',
      key: 'K1',
    })
    expect(tlsOf({})?.certificate).toEqual({ cert: 'C2', key: 'K2' })
  })

  it('trust the authorities of the service alone, and report those that do not exist', () => {
    const logged: string[] = []
    const { log } = testContext(mark).node
    const node = { log: { ...log, error: (message: string) => void logged.push(message) } }
    const tls = tlsOf({ tls_verify: true, ca_certificates: ['ca', 'gone'] }, node)
    expect(tls).toMatchObject({ verify: true, verifyDepth: 1, ca: ['CA'] })
    expect(logged).toEqual([expect.stringContaining('"gone"')])
  })

  it('verify when the node does and the service does not say', () => {
    const node = { setting: () => 'on' }
    expect(tlsOf({})?.verify).toBe(false)
    expect(tlsOf({}, node)?.verify).toBe(true)
    expect(tlsOf({ tls_verify: false }, node)?.verify).toBe(false)
  })

  it('share a key exactly when they are secured alike', () => {
    expect(tlsOf({})?.key).toBe(tlsOf({})?.key)
    expect(tlsOf({ tls_verify: true })?.key).not.toBe(tlsOf({})?.key)
  })
})

describe('compileSnapshot() › life', () => {
  function disposable(disposed: string[], more: Partial<Plugin> = {}): Plugin {
    return {
      ...mark,
      create: (_, { id }) => ({ dispose: () => void disposed.push(id) }),
      ...more,
    }
  }

  it('disposes of instances when it is retired and the last exchange has left', () => {
    const disposed: string[] = []
    const snapshot = compile({ plugins: [pluginRow('a')] }, [disposable(disposed)])
    snapshot.enter()
    snapshot.enter()
    snapshot.leave()
    snapshot.retire()
    expect(disposed).toEqual([])
    snapshot.leave()
    snapshot.retire()
    expect(disposed).toEqual(['plugin-a'])
  })

  it('disposes at once when nobody holds it', () => {
    const disposed: string[] = []
    compile({ plugins: [pluginRow('a')] }, [disposable(disposed)]).retire()
    expect(disposed).toEqual(['plugin-a'])
  })

  it('is refused with the plugin’s name and id when an instance cannot be made', () => {
    const disposed: string[] = []
    const failing: Plugin = {
      ...markPlugin('failing', 1),
      create() {
        throw new Error('no such file')
      },
    }
    const rows = [pluginRow('a'), pluginRow('b', {}, { name: 'failing' })]
    expect(() => compile({ plugins: rows }, [disposable(disposed), failing])).toThrow(
      'Cannot make plugin "failing" (plugin-b) ready: no such file',
    )
    expect(disposed).toEqual(['plugin-a'])
  })

  it('is refused when a plugin in use is not loaded', () => {
    expect(() => compile({ plugins: [pluginRow('a')] }, [])).toThrow(
      'mark plugin is in use but not enabled',
    )
  })

  it('goes on disposing when one instance fails to', () => {
    const logged: string[] = []
    const { log } = testContext(mark).node
    const failing: Plugin = {
      ...mark,
      create: (_, { id }) => ({
        dispose() {
          logged.push(id)
          throw new Error('busy')
        },
      }),
    }
    const node = { log: { ...log, error: (message: string) => void logged.push(message) } }
    compile({ plugins: [pluginRow('a'), pluginRow('b')] }, [failing], { node }).retire()
    expect(logged).toEqual([
      'plugin-a',
      'Cannot dispose of plugin "mark" (plugin-a)',
      'plugin-b',
      'Cannot dispose of plugin "mark" (plugin-b)',
    ])
  })
})

describe('compileSnapshot() › after a snapshot of which most is the same', () => {
  const services = [service('s'), service('t')]
  const routes = ['a', 'b', 'c'].map((name) => route(name, 's'))
  const entities = { services, routes, plugins: [pluginRow('everywhere', {})] }
  const first = { snapshot: compile(entities), entities }
  const compileAfter = (next: EntitySet) =>
    compileSnapshot(next, { ...OPTIONS, plugins: new Map([[mark.name, mark]]) }, first)

  it('takes the router from it where routes and services are the same', () => {
    const next = compileAfter({ ...entities, plugins: [pluginRow('other', {})] })
    expect(next.router).toBe(first.snapshot.router)
    expect(marksOf(next, '/a')).toEqual(['other'])
  })

  it('serves routes as they are now, and those that stayed', () => {
    const changed = [routes[0]!, { ...route('b', 't'), paths: ['/moved'] }, route('d', 't')]
    const next = compileAfter({ ...entities, routes: changed })
    expect(planFor(next, '/a')?.route).toBe(routes[0])
    expect(planFor(next, '/b')).toBeUndefined()
    expect(planFor(next, '/c')).toBeUndefined()
    expect(planFor(next, '/moved')?.service).toBe(services[1])
    expect(planFor(next, '/d')?.service).toBe(services[1])
    expect(planFor(first.snapshot, '/c')?.route).toBe(routes[2])
  })

  it('serves services as they are now, with routes that did not change', () => {
    const moved = { ...service('s'), host: 'moved.test' }
    const next = compileAfter({ ...entities, services: [moved, services[1]!] })
    expect(planFor(next, '/a')?.service).toBe(moved)
    expect(planFor(next, '/a')?.target?.host).toBe('moved.test')
    const disabled = { ...service('s'), enabled: false }
    expect(planFor(compileAfter({ ...entities, services: [disabled] }), '/a')).toBeUndefined()
  })
})

describe('compileSnapshot() › plugins that the snapshot before had too', () => {
  /** Notes which instances are made and disposed of, and looks up what its config says, when it says. */
  function noting(noted: string[], more: Partial<Plugin> = {}): Plugin {
    return {
      ...mark,
      create(config, { id, entities }) {
        const { as } = config as { readonly as: string }
        noted.push(id)
        if (as.startsWith('reading')) entities.rows('services')
        const access = (exchange: Exchange) =>
          exchange.upstream.addHeader('x-mark', `${as} of ${entities.rows('services').length}`)
        return as.startsWith('holding')
          ? { access, dispose: () => void noted.push(`-${id}`) }
          : { access }
      },
      ...more,
    }
  }

  const names = ['a', 'b', 'holding', 'reading']
  const entities = {
    services: [service('s')],
    routes: names.map((name) => route(name, 's')),
    plugins: names.map((name) => pluginRow(name, { route: name })),
  }

  function start(plugin: Plugin) {
    const options = { ...OPTIONS, plugins: new Map([[plugin.name, plugin]]) }
    let last = { snapshot: compileSnapshot(entities, options), entities: entities as EntitySet }
    return (changes: EntitySet): Snapshot => {
      const next = { ...last.entities, ...changes }
      last = { snapshot: compileSnapshot(next, options, last), entities: next }
      return last.snapshot
    }
  }

  it('are made when they are needed, but for those that look around or hold something', () => {
    const noted: string[] = []
    const change = start(noting(noted))
    expect(noted.splice(0)).toEqual(['plugin-a', 'plugin-b', 'plugin-holding', 'plugin-reading'])
    for (const more of [['t'], ['t', 'u']]) {
      const snapshot = change({ services: ['s', ...more].map((name) => service(name)) })
      expect(noted.splice(0)).toEqual(['plugin-holding', 'plugin-reading'])
      expect(marksOf(snapshot, '/b')).toEqual([`b of ${more.length + 1}`])
      expect(marksOf(snapshot, '/b')).toEqual([`b of ${more.length + 1}`])
      expect(noted.splice(0)).toEqual(['plugin-b'])
      snapshot.retire()
      expect(noted.splice(0)).toEqual(['-plugin-holding'])
    }
  })

  it('are joined by those that are new or not as they were, which are made at once', () => {
    const noted: string[] = []
    const change = start(noting(noted))
    noted.splice(0)
    const [a, ...others] = entities.plugins
    const changed = { ...a!, config: { as: 'changed', unset: null } }
    const added = pluginRow('z', { service: 's' })
    const snapshot = change({ plugins: [changed, ...others, added] })
    expect(noted.splice(0)).toEqual(['plugin-a', 'plugin-holding', 'plugin-reading', 'plugin-z'])
    expect(marksOf(snapshot, '/a')).toEqual(['changed of 1'])
    expect(noted.splice(0)).toEqual([])
    const without = change({ plugins: others })
    expect(marksOf(without, '/a')).toEqual([])
  })

  it('are all made for who asks them all', () => {
    const noted: string[] = []
    const plugin = noting(noted)
    const snapshot = start(plugin)({ consumers: [] })
    noted.splice(0)
    snapshot.configured.readyAllOf(plugin)
    expect(noted).toEqual(['plugin-a', 'plugin-b'])
  })

  it('are of plugins that hear of each configuration once, before an instance is made', () => {
    const noted: string[] = []
    const begin: Plugin['begin'] = (context) =>
      void noted.push(`${context.entities.rows('services').length} services`)
    const change = start(noting(noted, { begin }))
    expect(noted.splice(0)[0]).toBe('1 services')
    change({ services: [service('s'), service('t')] })
    expect(noted).toEqual(['2 services', 'plugin-holding', 'plugin-reading'])
    noted.splice(0)
    change({ plugins: [] })
    expect(noted).toEqual([])
  })

  it('leave nothing behind where a new one cannot be made', () => {
    const noted: string[] = []
    const plugin = noting(noted)
    const change = start({
      ...plugin,
      create(config, context) {
        if ((config as { readonly as: string }).as === 'bad') throw new Error('no such file')
        return plugin.create(config, context)
      },
    })
    noted.splice(0)
    const rows = [...entities.plugins, pluginRow('zz', {}, { config: { as: 'bad', unset: null } })]
    expect(() => change({ plugins: rows })).toThrow('no such file')
    expect(noted).toEqual(['plugin-holding', 'plugin-reading', '-plugin-holding'])
  })
})

describe('compileSnapshot() › size', () => {
  it('compiles ten thousand routes with a plugin each, and finds them', () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `r${index}`)
    const snapshot = compile({
      services: [service('s')],
      routes: names.map((name) => route(name, 's')),
      plugins: names.map((name) => pluginRow(name, { route: name })),
    })
    expect(marksOf(snapshot, '/r9999/x')).toEqual(['r9999'])
    expect(planFor(snapshot, '/r42')?.route.id).toBe('r42')
  })
})
