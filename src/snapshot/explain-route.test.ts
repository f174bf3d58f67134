import { describe, expect, it } from 'vitest'
import type { Entity, EntitySet } from '../entities/entity.ts'
import type { Plugin } from '../plugin-kit/plugin.ts'
import { routeOf, serviceOf } from '../router/testing/routing-fixtures.ts'
import { routeExplainer, type RouteExplanation, type RouteQuestion } from './explain-route.ts'

const PLUGINS = new Map(
  [
    { name: 'jwt', priority: 1450, not: ['consumer'] },
    { name: 'cors', priority: 2000, not: ['consumer'] },
    { name: 'rate-limiting', priority: 910, not: [] },
  ].map((plugin) => [plugin.name, plugin as unknown as Plugin]),
)

function pluginOf(id: string, name: string, scope: object = {}): Entity {
  return {
    id,
    name,
    enabled: true,
    protocols: ['http', 'https'],
    route: null,
    service: null,
    consumer: null,
    config: {},
    ...scope,
  }
}

const ENTITIES: EntitySet = {
  services: [serviceOf({ id: 's', name: 'orders', host: 'orders.test', port: 81, path: '/v1' })],
  routes: [
    routeOf({ id: 'r1', name: 'read', paths: ['/orders'], methods: ['GET'], service: { id: 's' } }),
    routeOf({ id: 'r2', name: 'write', paths: ['/orders'], methods: ['POST'] }),
    routeOf({ id: 'r3', name: 'all', paths: ['/'], service: { id: 's' } }),
    routeOf({ id: 'r4', name: 'elsewhere', paths: ['/x'], hosts: ['x.test'] }),
    routeOf({
      id: 'r5',
      name: 'safe',
      paths: ['/safe'],
      protocols: ['https'],
      service: { id: 's' },
    }),
    routeOf({ id: 'r6', name: 'bare', paths: ['~/bare/(?<id>\\d+)'] }),
  ],
  consumers: [{ id: 'c', username: 'ann', custom_id: null, tags: null }],
  plugins: [
    pluginOf('p1', 'rate-limiting'),
    pluginOf('p2', 'jwt', { service: { id: 's' } }),
    pluginOf('p3', 'rate-limiting', { route: { id: 'r1' } }),
    pluginOf('p4', 'rate-limiting', { route: { id: 'r1' }, consumer: { id: 'c' } }),
    pluginOf('p5', 'cors', { enabled: false }),
    pluginOf('p6', 'unknown'),
  ],
}

const explain = routeExplainer(ENTITIES, { flavor: 'traditional_compatible', plugins: PLUGINS })

function explained(url: string, more: Partial<RouteQuestion> = {}): RouteExplanation {
  const found = explain({ method: 'GET', url, headers: {}, ...more })
  if ('fault' in found) throw new Error(found.fault)
  return found
}

describe(routeExplainer, () => {
  it('names the route, its plugins in order with what they are bound to, and the upstream', () => {
    expect(explained('http://shop.test/orders/42?a=b')).toMatchObject({
      request: { method: 'GET', host: 'shop.test', path: '/orders/42', query: 'a=b' },
      route: { id: 'r1', name: 'read' },
      matched_path: '/orders',
      plan: {
        plugins: [
          { id: 'p2', name: 'jwt', priority: 1450, scope: 'service' },
          { id: 'p3', name: 'rate-limiting', scope: 'route', differs_by_consumer: true },
        ],
        service: { name: 'orders' },
        upstream_uri: 'http://orders.test:81/v1/42?a=b',
      },
    })
  })

  it('shows what a consumer has instead', () => {
    expect(explained('/orders', { consumer: 'ann' }).plan?.plugins[1]).toEqual({
      id: 'p4',
      name: 'rate-limiting',
      priority: 910,
      scope: 'route+consumer',
    })
    expect(explain({ method: 'GET', url: '/', headers: {}, consumer: 'bob' })).toEqual({
      fault: 'there is no consumer "bob"',
    })
  })

  it('says of every route that matched in part which condition failed first', () => {
    expect(explained('/orders').others).toEqual([
      { route: { id: 'r2', name: 'write' }, failed: 'methods: GET is not one of POST' },
      { route: { id: 'r3', name: 'all' } },
    ])
  })

  it('tells what the gateway answers itself', () => {
    const without = (url: string) => {
      const { answer, plan } = explained(url, { method: 'PUT' })
      return [answer?.status, plan?.service?.name]
    }
    expect(without('/safe')).toEqual([426, 'orders'])
    expect(without('https://x.test/safe')).toEqual([undefined, 'orders'])
    expect(without('/bare/1')).toEqual([503, undefined])
    const nothing = routeExplainer({}, { flavor: 'expressions', plugins: PLUGINS })
    expect(nothing({ method: 'GET', url: '/', headers: {} })).toMatchObject({
      route: null,
      answer: { status: 404 },
      plan: null,
      others: [],
    })
  })

  it('gives the captures of a path, and refuses a path as the gateway does', () => {
    expect(explained('/bare/42').captures).toEqual({
      named: { id: '42' },
      unnamed: ['/bare/42', '42'],
    })
    expect(explain({ method: 'GET', url: '/%zz', headers: {} })).toEqual({
      fault: 'the path "/%zz" is malformed',
    })
  })
})
