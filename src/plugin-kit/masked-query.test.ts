import { describe, expect, it } from 'vitest'
import type { Credential, Exchange } from './exchange.ts'
import { maskedQuery } from './masked-query.ts'

function exchange(credential?: Credential, token?: string): Exchange {
  const shared = new Map<string, unknown>(
    token === undefined ? [] : [['authenticated_jwt_token', token]],
  )
  return { credential, shared } as unknown as Exchange
}

describe('maskedQuery()', () => {
  it.each([
    ['', ''],
    ['a=1&b&c=%20&', 'a=1&b&c=%20&'],
    ['a=1&apikey=k&b=2', 'a=1&apikey=REDACTED&b=2'],
    ['Access_Token=x', 'Access_Token=REDACTED'],
    ['%61pikey=k', '%61pikey=REDACTED'],
    ['jwt=a.b.c&jwt=d', 'jwt=REDACTED&jwt=REDACTED'],
    ['apikey', 'apikey'],
    ['key=k', 'key=k'],
  ])('of %j is %j', (query, masked) => {
    expect(maskedQuery(query, exchange())).toBe(masked)
  })

  it('leaves out what the client was known by, whatever its name', () => {
    const entity = { id: 'c', key: 'k 1' }
    expect(maskedQuery('key=k%201&other=k', exchange({ id: 'c', entity }))).toBe(
      'key=REDACTED&other=k',
    )
    expect(maskedQuery('bearer=a.b.c', exchange(undefined, 'a.b.c'))).toBe('bearer=REDACTED')
  })
})
