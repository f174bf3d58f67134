import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Route } from '../../entities/entity.ts'
import type { RouterFlavor } from '../route-match.ts'
import { routeOf, serviceOf } from '../testing/routing-fixtures.ts'
import { buildStreamRouter } from './build-stream-router.ts'
import type { StreamConnection } from './stream-connection.ts'

const FLAVORS = ['traditional_compatible', 'traditional', 'expressions'] as const

function connectionOf(fields: Partial<StreamConnection> = {}): StreamConnection {
  return {
    protocol: 'tcp',
    sourceIp: '10.0.0.1',
    sourcePort: 50_000,
    destinationIp: '10.9.9.9',
    destinationPort: 9000,
    sni: undefined,
    ...fields,
  }
}

function streamRoute(id: string, fields: Partial<Route> = {}): Route {
  return routeOf({ id, protocols: ['tcp'], ...fields })
}

function takenBy(
  routes: readonly Route[],
  connection: Partial<StreamConnection>,
  flavor: RouterFlavor = 'traditional_compatible',
): string | undefined {
  const router = buildStreamRouter(routes, new Map(), flavor)
  return router.match(connectionOf(connection))?.route.id
}

const address = (ip: string | null, port: number | null = null) => ({ ip, port })

describe.each(FLAVORS)('buildStreamRouter() in flavour %s', (flavor) => {
  it.each([
    ['an address', [address('10.0.0.1')], { sourceIp: '10.0.0.1' }, { sourceIp: '10.0.0.2' }],
    ['a network', [address('10.0.0.0/8')], { sourceIp: '10.200.0.9' }, { sourceIp: '11.0.0.1' }],
    ['a port', [address(null, 7)], { sourcePort: 7 }, { sourcePort: 8 }],
    [
      'an address with its port',
      [address('10.0.0.1', 7)],
      { sourceIp: '10.0.0.1', sourcePort: 7 },
      { sourceIp: '10.0.0.1', sourcePort: 8 },
    ],
    [
      'one of several',
      [address('1.1.1.1'), address('2001:db8::/32')],
      { sourceIp: '2001:db8::5' },
      { sourceIp: '2001:db9::5' },
    ],
  ])('compares sources with %s', (_, sources, fitting, other) => {
    const routes = [streamRoute('a', { sources })]
    expect(takenBy(routes, fitting, flavor)).toBe('a')
    expect(takenBy(routes, other, flavor)).toBeUndefined()
  })

  it('wants destinations and sources both, where a route names both', () => {
    const routes = [
      streamRoute('a', { sources: [address('10.0.0.1')], destinations: [address(null, 9000)] }),
    ]
    expect(takenBy(routes, {}, flavor)).toBe('a')
    expect(takenBy(routes, { destinationPort: 9001 }, flavor)).toBeUndefined()
    expect(takenBy(routes, { sourceIp: '10.0.0.2' }, flavor)).toBeUndefined()
  })

  it('takes connections of the route’s own protocols only', () => {
    const destinations = [address(null, 9000)]
    const routes = [
      streamRoute('plain', { protocols: ['tcp'], destinations }),
      streamRoute('datagrams', { protocols: ['udp'], destinations }),
      streamRoute('secure', { protocols: ['tls'], destinations }),
    ]
    expect(takenBy(routes, { protocol: 'tcp' }, flavor)).toBe('plain')
    expect(takenBy(routes, { protocol: 'udp' }, flavor)).toBe('datagrams')
    expect(takenBy(routes, { protocol: 'tls' }, flavor)).toBe('secure')
    expect(takenBy(routes.slice(2), { protocol: 'tcp' }, flavor)).toBeUndefined()
  })

  it('compares names without case and without a trailing dot', () => {
    const routes = [streamRoute('a', { protocols: ['tls'], snis: ['DB.Example.'] })]
    expect(takenBy(routes, { protocol: 'tls', sni: 'db.example' }, flavor)).toBe('a')
    expect(takenBy(routes, { protocol: 'tls', sni: 'b.example' }, flavor)).toBeUndefined()
    expect(takenBy(routes, { protocol: 'tls' }, flavor)).toBeUndefined()
  })

  it('does not ask a plain connection for a name', () => {
    const routes = [
      streamRoute('a', {
        protocols: ['tcp', 'tls'],
        snis: ['db.example'],
        destinations: [address(null, 9000)],
      }),
    ]
    expect(takenBy(routes, { protocol: 'tcp' }, flavor)).toBe('a')
    expect(takenBy(routes, { protocol: 'tls', sni: 'other.example' }, flavor)).toBeUndefined()
  })

  it('prefers a name to sources, and sources to destinations', () => {
    const named = streamRoute('1', { protocols: ['tls'], snis: ['db.example'] })
    const bySource = streamRoute('2', { protocols: ['tls'], sources: [address('10.0.0.1')] })
    const byTarget = streamRoute('3', { protocols: ['tls'], destinations: [address(null, 9000)] })
    const connection = { protocol: 'tls', sni: 'db.example' } as const
    expect(takenBy([byTarget, bySource, named], connection, flavor)).toBe('1')
    expect(takenBy([byTarget, bySource], connection, flavor)).toBe('2')
    expect(takenBy([byTarget, bySource], { ...connection, sourceIp: '1.1.1.1' }, flavor)).toBe('3')
  })

  it('leaves out routes of a disabled service, and keeps those without one', () => {
    const services = new Map([['s', serviceOf({ id: 's', enabled: false })]])
    const sources = [address('10.0.0.1')]
    const off = streamRoute('9', { sources, service: { id: 's' } })
    const without = streamRoute('1', { sources })
    const router = buildStreamRouter([off, without], services, flavor)
    expect(router.match(connectionOf())?.route.id).toBe('1')
  })

  it('leaves out routes of http', () => {
    const routes = [streamRoute('a', { protocols: ['http'], paths: ['/'] })]
    expect(takenBy(routes, {}, flavor)).toBeUndefined()
  })

  it('finds what going through all routes in order finds, however many have names', () => {
    const names = ['a.example', 'b.example', '*.example', undefined]
    const someRoute = fc.record({
      sni: fc.constantFrom(...names),
      source: fc.constantFrom('10.0.0.1', '10.0.0.0/8', undefined),
      port: fc.constantFrom(9000, 9001, undefined),
    })
    fc.assert(
      fc.property(fc.array(someRoute, { maxLength: 12 }), fc.constantFrom(...names), (all, sni) => {
        const routes = all.map(({ sni: name, source, port }, index) =>
          streamRoute(String(index).padStart(2, '0'), {
            protocols: ['tls'],
            created_at: index,
            snis: name === undefined ? null : [name],
            sources: source === undefined ? null : [address(source)],
            destinations: port === undefined ? null : [address(null, port)],
          }),
        )
        const connection = { protocol: 'tls', sni } as const
        const one = takenBy(routes, connection, flavor)
        const alone = routes.filter(({ id }) =>
          takenBy(
            routes.filter((r) => r.id === id),
            connection,
            flavor,
          ),
        )
        expect(one).toBe(takenBy(alone, connection, flavor))
        expect(one === undefined).toBe(alone.length === 0)
      }),
    )
  })
})

describe('buildStreamRouter() › order of flavour traditional_compatible', () => {
  const ranked: readonly (readonly [string, Partial<Route>])[] = [
    [
      'source and destination',
      { sources: [address('10.0.0.1')], destinations: [address(null, 9000)] },
    ],
    ['source address and port', { sources: [address('10.0.0.1', 50_000)] }],
    ['source address', { sources: [address('10.0.0.1')] }],
    ['source port', { sources: [address(null, 50_000)] }],
    ['source network', { sources: [address('10.0.0.0/8')] }],
    ['destination address', { destinations: [address('10.9.9.9')] }],
    ['destination port', { destinations: [address(null, 9000)] }],
    ['destination network', { destinations: [address('10.0.0.0/8')] }],
  ]

  it.each(ranked.slice(1).map(([name], index) => [ranked[index]![0], name, index] as const))(
    'prefers %s to %s',
    (_, __, index) => {
      const [[, better], [, worse]] = [ranked[index]!, ranked[index + 1]!]
      expect(takenBy([streamRoute('z', worse), streamRoute('a', better)], {})).toBe('a')
    },
  )

  it('lets the larger id go first among equal ones', () => {
    const sources = [address('10.0.0.1')]
    expect(takenBy([streamRoute('a', { sources }), streamRoute('b', { sources })], {})).toBe('b')
  })
})

describe('buildStreamRouter() › order of flavour traditional', () => {
  it('prefers more kinds, then address with port, then the older', () => {
    const both = { sources: [address('10.0.0.0/8')], destinations: [address('10.0.0.0/8')] }
    const exact = { sources: [address('10.0.0.1', 50_000)] }
    const plain = { sources: [address('10.0.0.1')] }
    const routes = [
      streamRoute('young', { ...plain, created_at: 9 }),
      streamRoute('old', { ...plain, created_at: 1 }),
      streamRoute('exact', exact),
      streamRoute('both', both),
    ]
    expect(takenBy(routes, {}, 'traditional')).toBe('both')
    expect(takenBy(routes.slice(0, 3), {}, 'traditional')).toBe('exact')
    expect(takenBy(routes.slice(0, 2), {}, 'traditional')).toBe('old')
  })
})

describe('buildStreamRouter() › expressions', () => {
  it('asks an expression about the connection, and takes the higher priority first', () => {
    const routes = [
      streamRoute('low', { expression: 'net.src.ip in 10.0.0.0/8', priority: 1 }),
      streamRoute('high', { expression: 'net.dst.port == 9000', priority: 2 }),
      streamRoute('fields', { sources: [address('10.0.0.1')] }),
    ]
    expect(takenBy(routes, {}, 'expressions')).toBe('high')
    expect(takenBy(routes, { destinationPort: 1 }, 'expressions')).toBe('low')
    expect(takenBy(routes.slice(2), {}, 'expressions')).toBe('fields')
  })

  it('knows the protocol and the name asked for', () => {
    const routes = [
      streamRoute('a', {
        protocols: ['tls', 'tcp'],
        expression: 'net.protocol == "tls" && tls.sni =^ ".example"',
      }),
    ]
    expect(takenBy(routes, { protocol: 'tls', sni: 'a.example' }, 'expressions')).toBe('a')
    expect(takenBy(routes, { protocol: 'tcp' }, 'expressions')).toBeUndefined()
  })
})
