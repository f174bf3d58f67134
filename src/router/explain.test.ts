import { describe, expect, it } from 'vitest'
import type { Route } from '../entities/entity.ts'
import { buildRouter } from './build-router.ts'
import { requestOf, routeOf } from './testing/routing-fixtures.ts'

const REQUEST = requestOf({ method: 'POST', target: '/orders/1', host: 'x.test' })

function failureOf(
  fields: Partial<Route>,
  flavor: 'traditional_compatible' | 'expressions' = 'traditional_compatible',
) {
  const verdicts = buildRouter([routeOf({ id: '1', ...fields })], new Map(), flavor).explain(
    REQUEST,
  )
  return verdicts.map(({ failed }) => failed)
}

describe('explain()', () => {
  it.each<[Partial<Route>, string]>([
    [{ paths: ['/orders'], methods: ['GET', 'HEAD'] }, 'methods: POST is not one of GET, HEAD'],
    [{ paths: ['/orders'], hosts: ['y.test'] }, 'hosts: x.test is not one of y.test'],
    [
      { paths: ['/items', '~/o\\d'], methods: ['POST'] },
      'paths: /orders/1 does not begin with /items or ~/o\\d',
    ],
    [
      { paths: ['/orders'], headers: { 'X-A': ['1', '2'] } },
      'headers: x-a: no value is not one of 1, 2',
    ],
  ])('names the first condition of %j that fails', (fields, failure) => {
    expect(failureOf(fields)).toEqual([failure])
  })

  it('leaves out routes of which nothing fits', () => {
    expect(failureOf({ paths: ['/items'], methods: ['GET'] })).toEqual([])
  })

  it('gives no failure for a match', () => {
    expect(failureOf({ paths: ['/orders'], methods: ['POST'] })).toEqual([undefined])
  })

  it('names the predicate of an expression that fails', () => {
    const expression = 'http.path ^= "/orders" && (http.method == "GET" || http.host == "y.test")'
    expect(failureOf({ expression }, 'expressions')).toEqual([
      'expression: http.method == "GET" || http.host == "y.test" does not hold',
    ])
  })

  it('shows a route once, with the best of its paths', () => {
    expect(
      failureOf({ paths: ['/items', '/orders/1/lines', '/orders'], methods: ['GET'] }),
    ).toEqual(['methods: POST is not one of GET'])
  })
})
