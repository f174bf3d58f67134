import { describe, expect, it } from 'vitest'
import { describedRequest } from './described-request.ts'
import type { RoutingRequest } from './route-match.ts'

function requestOf(url: string, more: object = {}): RoutingRequest {
  const request = describedRequest({ method: 'GET', url, headers: {}, ...more })
  if ('fault' in request) throw new Error(request.fault)
  return request
}

describe(describedRequest, () => {
  it.each([
    ['http://x.test/a?b=1#c', 'http', 'x.test', '/a', 'b=1', 80],
    ['HTTPS://x.test:8443/a/../b', 'https', 'x.test:8443', '/b', '', 8443],
    ['https://x.test?q?r', 'https', 'x.test', '/', 'q?r', 443],
    ['/caf\u00e9/%2e/%41', 'http', '', '/caf\u00c3\u00a9/A', '', 80],
    ['http://[::1]:81', 'http', '[::1]:81', '/', '', 81],
  ])('reads %s', (url, scheme, host, path, rawQuery, port) => {
    expect(requestOf(url)).toMatchObject({ scheme, host, path, rawQuery, port })
  })

  it('takes a Host field before the host of the URL, and the name for the handshake from it', () => {
    const request = requestOf('https://127.0.0.1:8443/', { headers: { host: ['x.test'] } })
    expect(request).toMatchObject({ host: 'x.test', sni: 'x.test' })
    expect(requestOf('https://x.test/', { sni: 'y.test' }).sni).toBe('y.test')
    expect(requestOf('http://x.test/', { sni: 'y.test' }).sni).toBeUndefined()
  })

  it.each(['ftp://x.test/', 'x.test/a', 'http://', '/%zz', '/../a', 'http://u@x.test/'])(
    'says what is wrong with %s',
    (url) => {
      expect(describedRequest({ method: 'GET', url, headers: {} })).toHaveProperty('fault')
    },
  )
})
