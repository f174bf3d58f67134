import { describe, expect, it } from 'vitest'
import type { Route } from '../entities/entity.ts'
import { buildRouter } from './build-router.ts'
import type { RouterFlavor } from './route-match.ts'
import { requestOf, routeOf } from './testing/routing-fixtures.ts'

const REQUEST = requestOf({
  method: 'PUT',
  target: '/a/b/1',
  host: 'x.test',
  headers: { 'x-a': ['1'], 'x-b': ['2'], 'x-c': ['3'] },
})

/** Names of routes, the preferred first: found by taking the winner out again and again. */
function order(flavor: RouterFlavor, named: Readonly<Record<string, Partial<Route>>>) {
  let routes = Object.entries(named).map(([name, fields], number) =>
    routeOf({ id: `00000000-0000-4000-8000-00000000000${number}`, name, ...fields }),
  )
  const names: string[] = []
  while (routes.length > 0) {
    const match = buildRouter(routes, new Map(), flavor).match(REQUEST)
    if (match === undefined)
      throw new Error(`No route of ${routes.map(({ name }) => name)} matches`)
    names.push(match.route.name!)
    routes = routes.filter((route) => route !== match.route)
  }
  return names
}

describe('order of flavour traditional_compatible', () => {
  const sorted = (named: Readonly<Record<string, Partial<Route>>>) =>
    order('traditional_compatible', named)

  it('puts plain hosts before regexes before the number of kinds', () => {
    expect(
      sorted({
        method: { methods: ['PUT'] },
        'method and path': { methods: ['PUT'], paths: ['/a/b'] },
        regex: { paths: ['~/a'] },
        'wildcard host': { hosts: ['*.test'] },
        host: { hosts: ['x.test'] },
        'host and path': { hosts: ['x.test'], paths: ['/a'] },
        'host and regex': { hosts: ['x.test'], paths: ['~/a'] },
        header: { headers: { 'x-a': ['1'] } },
        path: { paths: ['/a/b/1'] },
      }),
    ).toEqual([
      'host and regex',
      'host and path',
      'host',
      'regex',
      'method and path',
      'header',
      'path',
      'wildcard host',
      'method',
    ])
  })

  it('puts routes of four kinds before all others', () => {
    expect(
      sorted({
        'host and regex': { hosts: ['x.test'], paths: ['~/a'] },
        four: { methods: ['PUT'], hosts: ['*.test'], paths: ['/a'], headers: { 'x-a': ['1'] } },
      }),
    ).toEqual(['four', 'host and regex'])
  })

  it('counts headers, then compares regex_priority, then length', () => {
    expect(
      sorted({
        'one header': { headers: { 'x-a': ['1'] } },
        'two headers': { headers: { 'x-a': ['1'], 'x-b': ['2'] } },
        'short path': { paths: ['/a'] },
        'long path': { paths: ['/a/b'] },
        'low regex': { paths: ['~/a.*'], regex_priority: 1 },
        'high regex': { paths: ['~/a'], regex_priority: 2 },
        'negative regex': { paths: ['~/a/b/1'], regex_priority: -1 },
        'huge regex': { paths: ['~/a'], regex_priority: 70_000 },
      }),
    ).toEqual([
      'huge regex',
      'high regex',
      'low regex',
      'negative regex',
      'two headers',
      'one header',
      'long path',
      'short path',
    ])
  })

  it('decides between equal routes by the larger id, whenever they were made', () => {
    expect(
      sorted({ first: { paths: ['/a'], created_at: 1 }, second: { paths: ['/a'], created_at: 2 } }),
    ).toEqual(['second', 'first'])
  })
})

describe('order of flavour traditional', () => {
  const sorted = (named: Readonly<Record<string, Partial<Route>>>) => order('traditional', named)

  it('puts more kinds first, then hosts, headers, paths and methods', () => {
    expect(
      sorted({
        method: { methods: ['PUT'] },
        path: { paths: ['/a/b/1'] },
        header: { headers: { 'x-a': ['1'] } },
        host: { hosts: ['*.test'] },
        'path and method': { paths: ['/a'], methods: ['PUT'] },
        'host and path': { hosts: ['*.test'], paths: ['/a'] },
      }),
    ).toEqual(['host and path', 'path and method', 'host', 'header', 'path', 'method'])
  })

  it('puts plain hosts, regexes and longer paths first among equal kinds', () => {
    expect(
      sorted({
        short: { hosts: ['*.test'], paths: ['/a'] },
        long: { hosts: ['*.test'], paths: ['/a/b'] },
        regex: { hosts: ['*.test'], paths: ['~/a'] },
        'better regex': { hosts: ['*.test'], paths: ['~/a'], regex_priority: 1 },
        'plain host': { hosts: ['x.test'], paths: ['/'] },
      }),
    ).toEqual(['plain host', 'better regex', 'regex', 'long', 'short'])
  })

  it('prefers the older of two that are alike', () => {
    expect(
      sorted({ newer: { paths: ['/a'], created_at: 2 }, older: { paths: ['/a'], created_at: 1 } }),
    ).toEqual(['older', 'newer'])
  })

  it('decides between routes of one age by the larger id', () => {
    expect(
      sorted({ first: { paths: ['/a'], created_at: 1 }, second: { paths: ['/a'], created_at: 1 } }),
    ).toEqual(['second', 'first'])
  })
})

describe('order of flavour expressions', () => {
  it('goes by priority, then by the larger id, and puts fields last', () => {
    expect(
      order('expressions', {
        fields: { hosts: ['x.test'], paths: ['~/a'], methods: ['PUT'] },
        low: { expression: 'http.path ^= "/a"', priority: 0 },
        high: { expression: 'http.path ^= "/a"', priority: 2 ** 46 - 1 },
        middle: { expression: 'http.method == "PUT"', priority: 7 },
        'middle too': { expression: 'http.host == "x.test"', priority: 7 },
      }),
    ).toEqual(['high', 'middle too', 'middle', 'low', 'fields'])
  })
})
