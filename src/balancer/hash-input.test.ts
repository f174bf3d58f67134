import { describe, expect, it } from 'vitest'
import type { Upstream } from '../entities/entity.ts'
import { hashInput } from './hash-input.ts'
import { requestOf, upstreamOf } from './testing/balancing-entities.ts'

type Request = Parameters<typeof requestOf>[0]

describe('hashInput()', () => {
  const cases: readonly [string, Partial<Upstream>, Request, string][] = [
    ['the consumer', { hash_on: 'consumer' }, { consumerId: 'c', credentialId: 'k' }, 'c'],
    ['else the credential', { hash_on: 'consumer' }, { credentialId: 'k' }, 'k'],
    ['the client address', { hash_on: 'ip' }, { clientIp: '192.0.2.7' }, '192.0.2.7'],
    ['a header', { hash_on: 'header', hash_on_header: 'Session' }, { header: 'ann' }, 'ann'],
    [
      'a header whose name has another case',
      { hash_on: 'header', hash_on_header: 'Session' },
      { headers: { session: ['ann', 'bob'] } },
      'ann, bob',
    ],
    [
      'a header with a hyphen, written with an underscore',
      { hash_on: 'header', hash_on_header: 'X_User' },
      { headers: { 'x-user': ['ann'], x_user: ['bob'] } },
      'ann',
    ],
    [
      'a header with an underscore',
      { hash_on: 'header', hash_on_header: 'X_User' },
      { headers: { x_user: ['bob'] } },
      'bob',
    ],
    [
      'no header written with a hyphen, as Kong',
      { hash_on: 'header', hash_on_header: 'X-User' },
      { header: 'ann' },
      '',
    ],
    ['an empty header', { hash_on: 'header', hash_fallback: 'ip' }, { header: '' }, ''],
    ['a cookie', { hash_on: 'cookie', hash_on_cookie: 'sid' }, { cookie: 'v' }, 'v'],
    ['the path, decoded', { hash_on: 'path' }, { path: '/a%20b' }, '/a b'],
    ['an argument', { hash_on: 'query_arg', hash_on_query_arg: 'q' }, { query: ['1'] }, '1'],
    [
      'several arguments, sorted',
      { hash_on: 'query_arg' },
      { query: ['b', true, 'a'] },
      'a,b,true',
    ],
    [
      'a group by name',
      { hash_on: 'uri_capture', hash_on_uri_capture: 'id' },
      { captures: { named: { id: '7' }, unnamed: [] } },
      '7',
    ],
    [
      'a group by number',
      { hash_on: 'uri_capture', hash_on_uri_capture: '1' },
      { captures: { named: {}, unnamed: ['/x/7', '7'] } },
      '7',
    ],
    ['the fallback', { hash_on: 'consumer', hash_fallback: 'ip' }, { clientIp: '::1' }, '::1'],
    [
      'a fallback with fields of its own',
      { hash_on: 'query_arg', hash_fallback: 'header', hash_fallback_header: 'x' },
      { header: 'v' },
      'v',
    ],
    ['nothing as empty text', { hash_on: 'consumer' }, {}, ''],
    ['letters beyond bytes as UTF-8', { hash_on: 'header' }, { header: 'ж' }, 'Ð¶'],
  ]
  it.each(cases)('hashes %s', (_, upstream, request, value) => {
    expect(hashInput(upstreamOf(upstream))(requestOf(request))).toBe(value)
  })

  it('makes up a cookie, the same for each try of a request', () => {
    const cookies: string[] = []
    const value = hashInput(
      upstreamOf({ hash_on: 'cookie', hash_on_cookie: 'sid', hash_on_cookie_path: '/p' }),
    )
    const request = requestOf({ cookies })
    const first = value(request)
    expect(value(request)).toBe(first)
    expect(cookies).toEqual([`sid=${first}; Path=/p; Same-Site=Lax; HttpOnly`])
    expect(value(requestOf())).not.toBe(first)
  })
})
