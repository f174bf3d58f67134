import { describe, expect, it } from 'vitest'
import type { EntityLookup } from '../plugin-kit/plugin.ts'
import { routingNames } from './routing-names.ts'

function namesOf(...routes: readonly object[]) {
  return routingNames({ rows: () => routes } as unknown as EntityLookup)
}

describe('routingNames()', () => {
  it('names the headers that routes are told apart by, in fields and expressions', () => {
    const { headers, query } = namesOf(
      { headers: { 'X-Kind': ['new'] } },
      { headers: null },
      { expression: 'http.headers.x_tenant == "a" && any(http.queries.page) == "1"' },
    )
    expect(headers).toEqual(['x-kind', 'x_tenant', 'x-tenant'])
    expect([...query]).toEqual(['page'])
  })

  it('never names what clients prove themselves with', () => {
    const { headers } = namesOf({
      headers: { Authorization: ['a'], cookie: ['b'], 'Proxy-Authorization': ['c'] },
    })
    expect(headers).toEqual([])
  })
})
