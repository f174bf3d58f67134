import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { normalizePath } from '../http/normalize-path.ts'
import { escapeUpstreamPath, upstreamUri } from './upstream-uri.ts'

describe(upstreamUri, () => {
  it.each([
    // service, matched, strip, request, v0, v1
    ['/', '/route', true, '/route', '/', '/'],
    ['/', '/route', true, '/route/', '/', '/'],
    ['/', '/route', true, '/routereq', '/req', '/req'],
    ['/', '/route', false, '/route/req', '/route/req', '/route/req'],
    ['/srv', '/rou', false, '/roureq', '/srv/roureq', '/srvroureq'],
    ['/srv', '/rou', true, '/roureq', '/srv/req', '/srvreq'],
    ['/srv/', '/rou', true, '/rou', '/srv', '/srv/'],
    ['/srv/', '/rou', true, '/rou/', '/srv/', '/srv/'],
    ['/srv/', '/rou', false, '/rou', '/srv/rou', '/srv/rou'],
    ['/service', '/', true, '/', '/service', '/service'],
    ['/service', '/', false, '/', '/service', '/service'],
    ['/service', '/', true, '/route', '/service/route', '/serviceroute'],
    ['/service', '/route', true, '/route/', '/service/', '/service/'],
    ['/service', '/route', true, '/routereq', '/service/req', '/servicereq'],
    ['/service', '/route/', true, '/route/', '/service/', '/service'],
    ['/service', '/route/', true, '/route/req', '/service/req', '/servicereq'],
    ['/service/', '/route', true, '/routereq', '/service/req', '/service/req'],
    ['/service', '/route', true, '/route../req', '/service/req', '/servicereq'],
    ['/service', '/route', true, '/route..', '/service', '/service'],
    ['/service', undefined, true, '/route', '/service/route', '/serviceroute'],
  ] as const)(
    'joins %s and what %s (strip: %s) leaves of %s',
    (service, matched, strip, path, v0, v1) => {
      const parts = {
        servicePath: service,
        requestPath: path,
        matchedPath: matched,
        stripPath: strip,
      }
      expect(upstreamUri({ ...parts, pathHandling: 'v0' })).toBe(v0)
      expect(upstreamUri({ ...parts, pathHandling: 'v1' })).toBe(v1)
    },
  )

  it('takes an absent service path for the root', () => {
    const parts = {
      requestPath: '/a/b',
      matchedPath: '/a',
      stripPath: true,
      pathHandling: 'v0',
    } as const
    expect(upstreamUri({ ...parts, servicePath: null })).toBe('/b')
    expect(upstreamUri({ ...parts, servicePath: '' })).toBe('/b')
  })

  it('escapes what may not stand in a request target, and nothing else', () => {
    expect(escapeUpstreamPath('/caf\u00c3\u00a9/a b/{x}/"<>|\\^`')).toBe(
      '/caf%C3%A9/a%20b/%7Bx%7D/%22%3C%3E%7C%5C%5E%60',
    )
    const allowed = "/!#$&'()*+,:;=?@[]AZaz09-_.~%2F"
    expect(escapeUpstreamPath(allowed)).toBe(allowed)
  })

  it('never leaves the path of the service, whatever the request', () => {
    const piece = fc.constantFrom('/', '..', '.', '%2e', '%2F', 'a', 'adm', '%5c', ';', '%252e')
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 10 }),
        fc.nat(12),
        fc.boolean(),
        (pieces, cut, strip) => {
          const requestPath = normalizePath(`/${pieces.join('')}`)
          const uri = upstreamUri({
            servicePath: '/base/dir',
            requestPath,
            matchedPath: requestPath.slice(0, cut),
            stripPath: strip,
            pathHandling: 'v0',
          })
          expect(new URL(uri, 'http://upstream').pathname).toMatch(/^\/base\/dir(?:\/|$)/)
        },
      ),
    )
  })
})
