import { describe, expect, it } from 'vitest'
import { fakeExchange, type FakeRequest } from './testing/fake-exchange.ts'
import type { ClientRequest } from './exchange.ts'
import { ownOrigin, ownUrl } from './own-url.ts'

const requestOf = (given: FakeRequest): ClientRequest =>
  fakeExchange(given, { startedAtMs: 0, recordsDecisions: false }).request

describe('ownOrigin', () => {
  it('is what the browser has asked, with the port that it sees', () => {
    const request = requestOf({ headers: { Host: 'Shop.example.com:32001' }, scheme: 'https' })
    expect(ownOrigin(request)).toBe('https://Shop.example.com:32001')
  })

  it.each([
    [443, 'https://shop.example.com'],
    [8443, 'https://shop.example.com:8443'],
  ])('is what a trusted proxy in front says: %i', (forwardedPort, origin) => {
    const request = {
      ...requestOf({}),
      forwardedHost: 'shop.example.com',
      forwardedScheme: 'https',
      forwardedPort,
    }
    expect(ownOrigin(request)).toBe(origin)
  })
})

describe('ownUrl', () => {
  it.each([
    '//elsewhere.test/a',
    '/\\elsewhere.test',
    '/@elsewhere.test',
    'elsewhere.test',
    '/a?b',
  ])('leads nowhere else: %s', (path) => {
    expect(new URL(ownUrl(requestOf({}), path)).host).toBe('gateway.test')
  })
})
