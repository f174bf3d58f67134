import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Route } from '../entities/entity.ts'
import { buildRouter } from './build-router.ts'
import type { RouterFlavor } from './route-match.ts'
import { referenceMatch } from './testing/reference-router.ts'
import { requestOf, routeOf, serviceOf, type RequestFields } from './testing/routing-fixtures.ts'

const FLAVORS: readonly RouterFlavor[] = ['traditional_compatible', 'traditional', 'expressions']
const NONE = new Map<string, never>()

const path = fc.constantFrom(
  '/',
  '/a',
  '/a/',
  '/a/b',
  '/ab',
  '/b',
  '~/a',
  '~/[ab]$',
  '~/a/(?<x>.)',
  '~/.*b',
  '~/(a|ab)/',
  '~/b\\d*',
)
const host = fc.constantFrom(
  'x.test',
  'y.x.test',
  'x.test:8000',
  'x.test:80',
  '*.test',
  '*.x.test',
  'x.*',
  'y.*:9000',
)
const headers = fc.dictionary(
  fc.constantFrom('x-a', 'x-b'),
  fc.uniqueArray(fc.constantFrom('1', 'Two', '~*^[t1]'), { minLength: 1, maxLength: 2 }),
  { minKeys: 1, maxKeys: 2 },
)
const maybe = <Value>(values: fc.Arbitrary<Value>) => fc.option(values, { freq: 1 })
const listOf = (element: fc.Arbitrary<string>, maxLength: number) =>
  maybe(fc.uniqueArray(element, { minLength: 1, maxLength }))

const routes = fc
  .array(
    fc.record({
      paths: listOf(path, 4),
      hosts: listOf(host, 2),
      methods: listOf(fc.constantFrom('GET', 'POST', 'PUT'), 2),
      headers: maybe(headers),
      snis: listOf(fc.constantFrom('x.test', 'y.test'), 2),
      // Numbers that stay clear of the header count in the order's shared bits.
      regex_priority: fc.constantFrom(0, 1, 8, 64),
      created_at: fc.nat(2),
      id: fc.uuid(),
    }),
    { maxLength: 12 },
  )
  .map((list) => list.map((fields): Route => routeOf(fields)))

const request: fc.Arbitrary<RequestFields> = fc.record({
  target: fc.constantFrom(
    '/',
    '/a',
    '/a/',
    '/a/b',
    '/ab',
    '/abc/d',
    '/b',
    '/b12',
    '/c',
    '/a/../b',
    '/%61',
  ),
  host: fc.constantFrom(
    'x.test',
    'y.x.test',
    'x.test:8000',
    'x.test:9000',
    'y.org',
    'y.org:9000',
    'z.test',
  ),
  method: fc.constantFrom('GET', 'POST', 'DELETE'),
  headers: fc.dictionary(
    fc.constantFrom('x-a', 'x-b'),
    fc.array(fc.constantFrom('1', 'two', '3'), { minLength: 1, maxLength: 2 }),
  ),
  scheme: fc.constantFrom('http', 'https'),
  sni: fc.constantFrom('x.test', 'z.test'),
})

/** Flavour traditional takes a pattern for one only when it stands alone. */
function withoutMixedPatterns(list: readonly Route[]): readonly Route[] {
  const isMixed = (values: readonly string[]) =>
    values.length > 1 && values.some((value) => value.startsWith('~*'))
  return list.filter((route) => !Object.values(route.headers ?? {}).some(isMixed))
}

describe(buildRouter, () => {
  it.each(FLAVORS)('finds what asking every route finds: %s', (flavor) => {
    let found = 0
    fc.assert(
      fc.property(
        routes,
        fc.array(request, { minLength: 4, maxLength: 4 }),
        (generated, requests) => {
          const list = flavor === 'traditional' ? withoutMixedPatterns(generated) : generated
          const router = buildRouter(list, NONE, flavor)
          for (const fields of requests) {
            const asked = requestOf(fields)
            const own = router.match(asked)
            const expected = referenceMatch(list, asked, flavor)
            expect(own && { route: own.route, matchedPath: own.matchedPath }).toEqual(expected)
            if (own !== undefined) found += 1
          }
        },
      ),
      { numRuns: 1500 },
    )
    expect(found).toBeGreaterThan(1000)
  })

  it.each(FLAVORS)('explains as it decides: %s', (flavor) => {
    fc.assert(
      fc.property(routes, request, (list, fields) => {
        const router = buildRouter(list, NONE, flavor)
        const first = router.explain(requestOf(fields)).find(({ failed }) => failed === undefined)
        expect(first?.route).toBe(router.match(requestOf(fields))?.route)
      }),
    )
  })

  it('shares the match of a plain path among all requests', () => {
    const router = buildRouter(
      [routeOf({ id: '1', paths: ['/a'] })],
      NONE,
      'traditional_compatible',
    )
    const match = router.match(requestOf({ target: '/a/1' }))
    expect(match).toBeDefined()
    expect(router.match(requestOf({ target: '/a/2' }))).toBe(match)
  })

  it('gives captures by name and by number, the whole match under 0', () => {
    const router = buildRouter(
      [routeOf({ id: '1', paths: ['~/(?<kind>[a-z]+)/(\\d+)(x)?'] })],
      NONE,
      'traditional_compatible',
    )
    expect(router.match(requestOf({ target: '/cat/42/more' }))).toMatchObject({
      matchedPath: '/cat/42',
      captures: { named: { kind: 'cat' }, unnamed: ['/cat/42', 'cat', '42', ''] },
    })
  })

  it('compares configured text with the bytes of requests', () => {
    const list = [
      routeOf({ id: '1', paths: ['/caf\u00e9'] }),
      routeOf({ id: '2', paths: ['~/m\u00fc./x'] }),
      routeOf({ id: '3', headers: { 'x-name': ['Zo\u00eb'] } }),
    ]
    const router = buildRouter(list, NONE, 'traditional_compatible')
    expect(router.match(requestOf({ target: '/caf%C3%A9/x' }))?.matchedPath).toBe(
      '/caf\u00c3\u00a9',
    )
    expect(router.match(requestOf({ target: '/m%C3%BC%C3%9F/x' }))?.matchedPath).toBe(
      '/m\u00c3\u00bc\u00c3\u009f/x',
    )
    expect(router.match(requestOf({ headers: { 'x-name': ['zo\u00c3\u00ab'] } }))?.route.id).toBe(
      '3',
    )
  })

  it('finds nothing for a path that is no UTF-8, but in flavour traditional', () => {
    const list = [routeOf({ id: '1', paths: ['/a'] }), routeOf({ id: '2', hosts: ['host.test'] })]
    for (const flavor of FLAVORS) {
      const router = buildRouter(list, NONE, flavor)
      const isTraditional = flavor === 'traditional'
      for (const target of ['/a/%FF', '/a/\u00FF', '/a%C3', '/a/%C0%AE', '/a/%ED%A0%80'])
        expect(router.match(requestOf({ target }))?.route.id).toBe(isTraditional ? '1' : undefined)
      const byHost = requestOf({ target: '/%FF', host: 'host.test' })
      expect(router.match(byHost)?.route.id).toBe(isTraditional ? '2' : undefined)
      const [verdict] = router.explain(requestOf({ target: '/a/%FF' }))
      if (isTraditional) expect(verdict?.failed).toBeUndefined()
      else expect(verdict?.failed).toContain('UTF-8')
      // Where no route asks about the path, it is not read.
      const hostsAlone = buildRouter([list[1]!], NONE, flavor)
      expect(hostsAlone.match(byHost)?.route.id).toBe('2')
      const changed = hostsAlone.changed({ gone: new Set(), added: [list[0]!] }, NONE)
      expect(changed?.match(byHost)?.route.id).toBe(isTraditional ? '2' : undefined)
      for (const target of ['/a/%C3%A9', '/a/%F0%9F%98%80'])
        expect(router.match(requestOf({ target }))?.route.id).toBe('1')
    }
  })

  it('leaves out routes of disabled services and of other protocols', () => {
    const list = [
      routeOf({ id: '1', paths: ['/off'], service: { id: 'off' } }),
      routeOf({ id: '2', paths: ['/on'], service: { id: 'on' } }),
      routeOf({ id: '3', paths: ['/lost'], service: { id: 'unknown' } }),
      routeOf({ id: '4', protocols: ['tcp'], destinations: [{ ip: null, port: 8000 }] }),
      routeOf({ id: '5', paths: ['/none'] }),
    ]
    const on = serviceOf({ id: 'on' })
    const services = new Map([
      ['on', on],
      ['off', serviceOf({ id: 'off', enabled: false })],
    ])
    const router = buildRouter(list, services, 'traditional_compatible')
    expect(router.match(requestOf({ target: '/on' }))?.service).toBe(on)
    expect(router.match(requestOf({ target: '/none' }))).toMatchObject({ service: undefined })
    for (const target of ['/off', '/lost', '/'])
      expect(router.match(requestOf({ target }))).toBeUndefined()
  })

  it('takes nothing for the star in front of a host, but in flavour traditional', () => {
    const list = [routeOf({ id: '1', hosts: ['*.a.test'] })]
    for (const flavor of FLAVORS) {
      const router = buildRouter(list, NONE, flavor)
      expect(router.match(requestOf({ host: 'x.a.test:80' }))).toBeDefined()
      const match = router.match(requestOf({ host: '.a.test:80' }))
      expect(match?.route.id).toBe(flavor === 'traditional' ? undefined : '1')
    }
  })

  it('honours path_handling v1 in flavour traditional alone', () => {
    const list = [routeOf({ id: '1', paths: ['/a'], path_handling: 'v1' })]
    for (const flavor of FLAVORS)
      expect(buildRouter(list, NONE, flavor).match(requestOf({ target: '/a' }))?.pathHandling).toBe(
        flavor === 'traditional' ? 'v1' : 'v0',
      )
  })

  it.each(FLAVORS)('asks a pattern with nested repetition in linear time: %s', (flavor) => {
    const list = [
      routeOf({ id: '1', paths: ['~/(a+)+$'] }),
      routeOf({ id: '2', paths: ['~/(x|x)*y'] }),
    ]
    const router = buildRouter(list, NONE, flavor)
    expect(router.match(requestOf({ target: `/${'a'.repeat(5000)}!` }))).toBeUndefined()
    expect(router.match(requestOf({ target: `/${'x'.repeat(5000)}y` }))?.route.id).toBe('2')
  })
})
