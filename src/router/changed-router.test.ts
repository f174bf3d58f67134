import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Route, Service } from '../entities/entity.ts'
import { buildRouter } from './build-router.ts'
import type { Router, RouterFlavor } from './route-match.ts'
import { requestOf, routeOf, serviceOf } from './testing/routing-fixtures.ts'

const FLAVORS: readonly RouterFlavor[] = ['traditional_compatible', 'traditional', 'expressions']
const SERVICES = new Map<string, Service>([['s', serviceOf({ id: 's' })]])

const id = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h').map((letter) => letter.repeat(8))
const listOf = (...values: readonly string[]) =>
  fc.option(fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 }))

const route: fc.Arbitrary<Route> = fc
  .record({
    id,
    paths: listOf('/', '/a', '/a/b', '/ab', '~/a', '~/[ab]$'),
    hosts: listOf('x.test', '*.test', 'x.*'),
    methods: listOf('GET', 'POST'),
    created_at: fc.nat(2),
    service: fc.constantFrom(null, { id: 's' }),
  })
  .map(routeOf)

interface Change {
  readonly gone: readonly string[]
  readonly added: readonly Route[]
}

const change: fc.Arbitrary<Change> = fc.record({
  gone: fc.uniqueArray(id, { maxLength: 3 }),
  added: fc.uniqueArray(route, { maxLength: 3, selector: (each) => each.id }),
})

const REQUESTS = ['/', '/a', '/a/b', '/ab', '/b']
  .flatMap((target) => ['x.test', 'y.test', 'z.org'].map((host) => ({ target, host })))
  .map(requestOf)

/** What a router would be built of after a change, by id. */
function after(routes: ReadonlyMap<string, Route>, { gone, added }: Change) {
  const next = new Map(routes)
  for (const each of gone) next.delete(each)
  for (const each of added) next.set(each.id, each)
  return next
}

describe('Router.changed()', () => {
  it.each(FLAVORS)('answers and explains as a router built anew: %s', (flavor) => {
    let found = 0
    fc.assert(
      fc.property(
        fc.uniqueArray(route, { maxLength: 8, selector: (each) => each.id }),
        fc.array(change, { minLength: 1, maxLength: 4 }),
        (given, changes) => {
          let routes = new Map(given.map((each) => [each.id, each]))
          let router: Router = buildRouter(given, SERVICES, flavor)
          for (const each of changes) {
            const gone = new Set([...each.gone, ...each.added.map((added) => added.id)])
            router = router.changed({ gone, added: each.added }, SERVICES)!
            routes = after(routes, each)
          }
          const built = buildRouter([...routes.values()], SERVICES, flavor)
          for (const request of REQUESTS) {
            const match = router.match(request)
            expect(match).toEqual(built.match(request))
            expect(match?.route).toBe(built.match(request)?.route)
            expect(router.explain(request)).toEqual(built.explain(request))
            if (match !== undefined) found += 1
          }
        },
      ),
      { numRuns: 300 },
    )
    expect(found).toBeGreaterThan(300)
  })

  it('leaves the router it was made from as it is', () => {
    const before = routeOf({ id: '1', paths: ['/a'] })
    const router = buildRouter([before], SERVICES, 'traditional_compatible')
    const added = [routeOf({ id: '2', paths: ['/a/b'] })]
    const next = router.changed({ gone: new Set(['1']), added }, SERVICES)!
    const request = requestOf({ target: '/a/b' })
    expect(router.match(request)?.route.id).toBe('1')
    expect(next.match(request)?.route.id).toBe('2')
    expect(next.match(requestOf({ target: '/a' }))).toBeUndefined()
  })

  it('takes the service of a route as it is now', () => {
    const known = routeOf({ id: '1', paths: ['/a'], service: { id: 's' } })
    const router = buildRouter([known], SERVICES, 'traditional_compatible')
    const service = serviceOf({ id: 's', host: 'other.test' })
    const changes = { gone: new Set(['1']), added: [known] }
    const next = router.changed(changes, new Map([['s', service]]))!
    expect(next.match(requestOf({ target: '/a' }))?.service).toBe(service)
  })

  it('has itself built anew after many changes, one by one or at once', () => {
    const routes = Array.from({ length: 1000 }, (_, number) =>
      routeOf({ id: String(number), paths: [`/${number}`] }),
    )
    const built = buildRouter([], SERVICES, 'traditional_compatible')
    expect(built.changed({ gone: new Set(), added: routes }, SERVICES)).toBeUndefined()
    let router: Router | undefined = built
    let changes = 0
    for (const each of routes) {
      router = router?.changed({ gone: new Set(), added: [each] }, SERVICES)
      if (router !== undefined) changes += 1
    }
    expect(changes).toBeGreaterThan(100)
    expect(router).toBeUndefined()
  })
})
