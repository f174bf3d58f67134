import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  hostFault,
  hostWithOptionalPortFault,
  ipOrCidrFault,
  normalTarget,
  routeHostFault,
  serverNameFault,
  upstreamNameFault,
  wildcardServerNameFault,
} from './host.ts'

describe('hostFault', () => {
  it.each([
    ['example.com'],
    ['a_b.c'],
    ['localhost'],
    ['1.2.3.4'],
    ['::1'],
    ['[::1]'],
    ['a.b.'],
    ['-a.b'],
    ['xn--bcher-kva.example'],
  ])('takes %s', (host) => {
    expect(hostFault(host)).toBeUndefined()
  })

  it.each([
    ['a b', 'invalid value: a b'],
    ['a..b', 'invalid value: a..b'],
    ['a-.b', 'invalid value: a-.b'],
    ['a:80', 'must not have a port'],
    ['1.2.3.4:80', 'must not have a port'],
    ['a:99999', 'must not have a port'],
    ['1.2.3', 'invalid value: 1.2.3'],
    ['256.1.1.1', 'invalid value: 256.1.1.1'],
    [':::', 'invalid value: :::'],
    ['', 'invalid value: '],
  ])('refuses %j', (host, message) => {
    expect(hostFault(host)).toBe(message)
  })
})

describe('hosts with more or less than a name', () => {
  it.each([
    [hostWithOptionalPortFault, 'a:80', undefined],
    [hostWithOptionalPortFault, '[::1]:80', undefined],
    [hostWithOptionalPortFault, 'a b', 'invalid hostname: a b'],
    [hostWithOptionalPortFault, '1.2.3.999', 'invalid ipv4 address: 1.2.3.999'],
    [hostWithOptionalPortFault, '1::2::3', 'invalid ipv6 address: 1::2::3'],
    [hostWithOptionalPortFault, 'a:65536', 'invalid port number'],
    [routeHostFault, '*.example.com:8080', undefined],
    [routeHostFault, 'example.*', undefined],
    [routeHostFault, '*.a b', 'invalid hostname: abc.a b'],
    [serverNameFault, 'example.com', undefined],
    [serverNameFault, '127.0.0.1', 'must not be an IP'],
    [serverNameFault, 'example.com:443', 'must not have a port'],
    [wildcardServerNameFault, '*.example.com', undefined],
    [wildcardServerNameFault, 'example.*', undefined],
    [wildcardServerNameFault, 'a.*.b', 'wildcard must be leftmost or rightmost character'],
    [wildcardServerNameFault, '*.a.*', 'only one wildcard must be specified'],
    [upstreamNameFault, 'my.upstream', undefined],
    [upstreamNameFault, '1.2.3.4', "Invalid name ('1.2.3.4'); no ip addresses allowed"],
    [upstreamNameFault, 'a:80', "Invalid name ('a:80'); no port allowed"],
    [upstreamNameFault, 'a b', "Invalid name ('a b'); must be a valid hostname"],
    [ipOrCidrFault, '10.0.0.0/8', undefined],
    [ipOrCidrFault, 'fe80::/10', undefined],
    [ipOrCidrFault, '10.0.0.0/33', "invalid ip or cidr range: '10.0.0.0/33'"],
    [ipOrCidrFault, 'localhost', "invalid ip or cidr range: 'localhost'"],
    [ipOrCidrFault, '10.0.0.1:80', "invalid ip or cidr range: '10.0.0.1:80'"],
  ] as const)('%o says of %s: %s', (fault, text, message) => {
    expect(fault(text)).toBe(message)
  })
})

/** An IPv6 address that ends like an IPv4 one is none to Kong. */
const ANY_HOST = fc.oneof(
  fc.domain(),
  fc.ipV4(),
  fc.ipV6().filter((address) => !address.includes('.')),
)

describe('normalTarget', () => {
  it.each([
    ['a', 'a:8000'],
    ['a.b:80', 'a.b:80'],
    ['1.2.3.4', '1.2.3.4:8000'],
    ['010.0.0.001:80', '10.0.0.1:80'],
    ['[::1]:80', '[0000:0000:0000:0000:0000:0000:0000:0001]:80'],
    ['FE80::a', '[fe80:0000:0000:0000:0000:0000:0000:000a]:8000'],
    ['a b:80', undefined],
  ])('writes %s as %s', (text, normal) => {
    expect(normalTarget(text)).toBe(normal)
  })

  it('leaves a normal target as it is', () => {
    fc.assert(
      fc.property(ANY_HOST, fc.nat(65_535), (host, port) => {
        const normal = normalTarget(host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)
        expect(normal).toBeDefined()
        expect(normalTarget(normal!)).toBe(normal)
      }),
    )
  })
})
