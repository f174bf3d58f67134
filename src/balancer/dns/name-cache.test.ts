import { describe, expect, it } from 'vitest'
import { ManualClock, settled } from '../testing/manual-clock.ts'
import { DEFAULT_DNS_SETTINGS } from './dns-settings.ts'
import type { DnsSettings } from './dns-settings.ts'
import { parseHostsFile } from './hosts-file.ts'
import type { NameAnswer } from './name-answer.ts'
import { NameCache } from './name-cache.ts'
import type { KnownName } from './name-cache.ts'

function resolved(ip: string, ttlSeconds = 10, type: 'A' | 'SRV' = 'A'): NameAnswer {
  return {
    kind: 'resolved',
    type,
    ttlSeconds,
    addresses: [{ ip, port: 0, weight: 1, name: 'x.test' }],
  }
}

const NOT_FOUND: NameAnswer = { kind: 'not-found', detail: 'no' }
const FAILED: NameAnswer = { kind: 'failed', detail: 'timeout' }

function cacheOver(settings: Partial<DnsSettings> = {}) {
  const clock = new ManualClock()
  const asked: string[] = []
  const state = { answer: resolved('10.0.0.1') }
  const cache = new NameCache({
    settings: { ...DEFAULT_DNS_SETTINGS, ...settings },
    hosts: parseHostsFile('127.0.0.1 localhost four\n::1 localhost six'),
    clock,
    types: ['SRV', 'A'],
    resolver: () => ({
      resolve: async (name, types) => {
        asked.push(`${types} ${name}`)
        return state.answer
      },
    }),
  })
  return { cache, clock, asked, state }
}

function ipOf(known: KnownName | Promise<KnownName>): string {
  if (known instanceof Promise) return 'pending'
  return known.answer.kind === 'resolved' ? known.answer.addresses[0]!.ip : known.answer.kind
}

describe('NameCache', () => {
  it('answers at once while an answer is fresh, whatever the case of the name', async () => {
    const { cache, clock, asked } = cacheOver()
    await cache.lookup('X.test')
    await clock.advance(9_000)
    expect(ipOf(cache.lookup('x.TEST'))).toBe('10.0.0.1')
    expect(asked).toHaveLength(1)
  })

  it('joins questions for one name', async () => {
    const { cache, asked } = cacheOver()
    await Promise.all([cache.lookup('x.test'), cache.lookup('x.test'), cache.lookupFresh('x.test')])
    expect(asked).toHaveLength(1)
  })

  it('serves an expired answer while it is renewed, up to its limit', async () => {
    const { cache, clock, state } = cacheOver({ staleTtlSeconds: 60 })
    await cache.lookup('x.test')
    state.answer = resolved('10.0.0.2')
    await clock.advance(11_000)
    expect(ipOf(cache.lookup('x.test'))).toBe('10.0.0.1')
    await settled()
    expect(ipOf(cache.lookup('x.test'))).toBe('10.0.0.2')
    await clock.advance(71_000)
    expect(ipOf(cache.lookup('x.test'))).toBe('pending')
  })

  it('waits for the renewal where a fresh answer is wanted', async () => {
    const { cache, clock, state } = cacheOver()
    await cache.lookup('x.test')
    state.answer = resolved('10.0.0.2')
    await clock.advance(11_000)
    expect(ipOf(await cache.lookupFresh('x.test'))).toBe('10.0.0.2')
  })

  it('keeps an expired answer while servers fail, asking again after the error TTL', async () => {
    const { cache, clock, state, asked } = cacheOver({ staleTtlSeconds: 60, errorTtlSeconds: 5 })
    await cache.lookup('x.test')
    state.answer = FAILED
    await clock.advance(11_000)
    expect(ipOf(await cache.lookupFresh('x.test'))).toBe('10.0.0.1')
    await clock.advance(4_000)
    expect(ipOf(cache.lookup('x.test'))).toBe('10.0.0.1')
    expect(asked).toHaveLength(2)
    await clock.advance(60_000)
    expect(ipOf(await cache.lookup('x.test'))).toBe('failed')
  })

  it('gives up an answer when the name is gone', async () => {
    const { cache, clock, state } = cacheOver()
    await cache.lookup('x.test')
    state.answer = NOT_FOUND
    await clock.advance(11_000)
    expect(ipOf(cache.lookup('x.test'))).toBe('10.0.0.1')
    await settled()
    expect(ipOf(cache.lookup('x.test'))).toBe('not-found')
  })

  it.each([
    ['that a name is not found', NOT_FOUND, 30_000],
    ['that servers failed', FAILED, 1_000],
  ])('remembers %s', async (_, answer, ms) => {
    const { cache, clock, state, asked } = cacheOver()
    state.answer = answer
    await cache.lookup('x.test')
    await clock.advance(ms - 1)
    expect(ipOf(cache.lookup('x.test'))).toBe(answer.kind)
    await clock.advance(1)
    expect(ipOf(cache.lookup('x.test'))).toBe('pending')
    expect(asked).toHaveLength(2)
  })

  it('asks each time when the TTL is 0', async () => {
    const { cache, state } = cacheOver()
    state.answer = resolved('10.0.0.1', 0)
    await cache.lookup('x.test')
    expect(ipOf(cache.lookup('x.test'))).toBe('pending')
  })

  it('takes a TTL of the settings for every record', async () => {
    const { cache, clock } = cacheOver({ validTtlSeconds: 100 })
    await cache.lookup('x.test')
    await clock.advance(99_000)
    expect(ipOf(cache.lookupFresh('x.test'))).toBe('10.0.0.1')
  })

  it('asks for the type that worked before, and for the others when it is gone', async () => {
    const { cache, state, asked } = cacheOver()
    state.answer = resolved('10.0.0.1', 0)
    await cache.lookup('x.test')
    state.answer = NOT_FOUND
    await cache.lookup('x.test')
    expect(asked).toEqual(['SRV,A x.test', 'A x.test', 'SRV x.test'])
  })

  it('asks for all types each time without LAST in the order', async () => {
    const { cache, state, asked } = cacheOver({ order: ['SRV', 'A'] })
    state.answer = resolved('10.0.0.1', 0)
    await cache.lookup('x.test')
    await cache.lookup('x.test')
    expect(asked).toEqual(['SRV,A x.test', 'SRV,A x.test'])
  })

  it('asks for services only of names of services, when told to', async () => {
    const { cache, asked } = cacheOver({ servicesOf: 'service names' })
    await cache.lookup('x.test')
    await cache.lookup('_http._TCP.x.test')
    await cache.lookup('_http.x.test')
    expect(asked).toEqual(['A x.test', 'SRV,A _http._tcp.x.test', 'A _http.x.test'])
  })

  it.each([
    ['four', '127.0.0.1'],
    ['localhost', '127.0.0.1'],
    ['six', '::1'],
    ['any.localhost', '127.0.0.1'],
    ['localhost.', '127.0.0.1'],
    ['any.invalid', 'not-found'],
    [`${'a.'.repeat(126)}aa`, 'not-found'],
  ])('answers for "%s" without asking', (name, ip) => {
    const { cache, asked } = cacheOver()
    expect(ipOf(cache.lookup(name))).toBe(ip)
    expect(asked).toEqual([])
  })

  it('forgets the names renewed longest ago when it is full', async () => {
    const { cache, asked } = cacheOver({ cacheSize: 2 })
    for (const name of ['a', 'b', 'c']) await cache.lookup(name)
    expect(ipOf(cache.lookup('c'))).toBe('10.0.0.1')
    expect(ipOf(cache.lookup('a'))).toBe('pending')
    expect(asked).toHaveLength(4)
  })
})
