import { describe, expect, it } from 'vitest'
import { http2Upstreams } from './upstream-http2.ts'

describe('http2Upstreams', () => {
  it.each<[entry: string, host: string, port: number, has: boolean]>([
    ['users.internal', 'users.internal', 80, true],
    ['users.internal', 'Users.Internal', 8080, true],
    ['users.internal', 'more.users.internal', 80, false],
    ['users.internal:8080', 'users.internal', 8080, true],
    ['users.internal:8080', 'users.internal', 80, false],
    ['*.mesh', 'users.mesh', 80, true],
    ['*.mesh', 'mesh', 80, false],
    ['*.mesh:81', 'users.mesh', 80, false],
    ['*', 'anything', 1, true],
    ['*:8443', 'anything', 8443, true],
    ['10.0.0.5', '10.0.0.5', 80, true],
    ['[::1]:80', '[::1]', 80, true],
  ])('%s for %s:%d: %s', (entry, host, port, has) => {
    expect(http2Upstreams([entry]).has(host, port)).toBe(has)
  })

  it('has nothing without entries', () => {
    expect(http2Upstreams([]).has('a', 80)).toBe(false)
  })

  it.each(['http://a', 'a/b', 'a:0', 'a:65536', 'a:b', '', 'a b', '*a', 'a.*', 'a:80:90'])(
    'cannot read "%s"',
    (entry) => {
      expect(http2Upstreams(['good', entry]).unreadable).toEqual([entry])
    },
  )
})
