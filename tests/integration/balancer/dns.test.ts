import { describe, expect, it } from 'vitest'
import { askServer } from '../../../src/balancer/dns/ask-server.ts'
import { createNames } from '../../../src/balancer/dns/create-names.ts'
import { DEFAULT_DNS_SETTINGS } from '../../../src/balancer/dns/dns-settings.ts'
import type { DnsSettings } from '../../../src/balancer/dns/dns-settings.ts'
import type { NameAnswer } from '../../../src/balancer/dns/name-answer.ts'
import type { Names } from '../../../src/balancer/dns/name-cache.ts'
import { ManualClock } from '../../../src/balancer/testing/manual-clock.ts'
import { startDnsServer } from '../../support/dns-server.ts'

const CONF = 'options timeout:1 attempts:2'

function namesOver(
  ports: readonly number[],
  settings: Partial<DnsSettings> = {},
): Names & { readonly clock: ManualClock } {
  const clock = new ManualClock()
  const names = createNames({
    settings: {
      ...DEFAULT_DNS_SETTINGS,
      servers: ports.map((port) => `127.0.0.1:${port}`),
      ...settings,
    },
    clock,
    readText: (path) => (path.endsWith('resolv.conf') ? CONF : ''),
  })
  return {
    clock,
    lookup: (name) => names.lookup(name),
    lookupFresh: (name) => names.lookupFresh(name),
  }
}

async function answerOf(names: Names, name: string): Promise<NameAnswer> {
  return (await names.lookup(name)).answer
}

async function ipsOf(names: Names, name: string): Promise<readonly string[]> {
  const answer = await answerOf(names, name)
  return answer.kind === 'resolved' ? answer.addresses.map(({ ip }) => ip) : [answer.detail]
}

describe('createNames() over a name server', () => {
  it('resolves addresses and follows aliases', async () => {
    await using server = await startDnsServer({
      'a.test': [
        { type: 'A', ip: '10.0.0.2' },
        { type: 'A', ip: '10.0.0.1' },
      ],
      'alias.test': [{ type: 'CNAME', target: 'middle.test' }],
      'middle.test': [
        { type: 'CNAME', target: 'end.test' },
        { type: 'A', name: 'end.test', ip: '10.0.0.3' },
      ],
    })
    const names = namesOver([server.port])
    expect(await ipsOf(names, 'a.test')).toEqual(['10.0.0.1', '10.0.0.2'])
    expect(await ipsOf(names, 'alias.test')).toEqual(['10.0.0.3'])
  })

  it('asks for IPv6 addresses only where the order lists them', async () => {
    await using server = await startDnsServer({
      'six.test': [{ type: 'AAAA', groups: [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1] }],
    })
    expect(await ipsOf(namesOver([server.port]), 'six.test')).toEqual([
      'dns client error: 101 empty record received',
    ])
    const names = namesOver([server.port], { order: ['LAST', 'A', 'AAAA'] })
    expect(await ipsOf(names, 'six.test')).toEqual(['2001:db8::1'])
  })

  it('follows services to the addresses of their targets', async () => {
    await using server = await startDnsServer({
      'svc.test': [{ type: 'SRV', target: 'a.test', port: 8080, weight: 3 }],
      'a.test': [{ type: 'A', ip: '10.0.0.1' }],
    })
    expect(await answerOf(namesOver([server.port]), 'svc.test')).toMatchObject({
      type: 'SRV',
      addresses: [{ ip: '10.0.0.1', port: 8080, weight: 3, name: 'a.test' }],
    })
  })

  it('sees changed records when their TTL is over', async () => {
    await using server = await startDnsServer({ 'a.test': [{ type: 'A', ip: '10.0.0.1', ttl: 5 }] })
    const names = namesOver([server.port])
    await names.lookup('a.test')
    server.zone.records['a.test'] = [{ type: 'A', ip: '10.0.0.2', ttl: 5 }]
    await names.clock.advance(4_000)
    expect(await ipsOf(names, 'a.test')).toEqual(['10.0.0.1'])
    await names.clock.advance(2_000)
    const { answer } = await names.lookupFresh('a.test')
    expect(answer).toMatchObject({ addresses: [{ ip: '10.0.0.2' }] })
  })

  it('asks again over TCP when the answer does not fit', async () => {
    const many = Array.from({ length: 60 }, (_, index) => ({
      type: 'A' as const,
      ip: `10.0.1.${index}`,
    }))
    await using server = await startDnsServer({ 'many.test': many })
    expect(await ipsOf(namesOver([server.port]), 'many.test')).toHaveLength(60)
    expect(server.queries).toContain('A many.test (tcp)')
  })

  it('waits for the true answer when a forged one comes first', async () => {
    await using server = await startDnsServer({ 'a.test': [{ type: 'A', ip: '10.0.0.1' }] })
    server.zone.mode = 'forged'
    expect(await ipsOf(namesOver([server.port]), 'a.test')).toEqual(['10.0.0.1'])
  })

  it('turns to the next server when one is silent, fails or is not there', async () => {
    await using first = await startDnsServer()
    await using second = await startDnsServer({ 'a.test': [{ type: 'A', ip: '10.0.0.1' }] })
    for (const mode of ['silent', 'failing'] as const) {
      first.zone.mode = mode
      expect(await ipsOf(namesOver([first.port, second.port]), 'a.test')).toEqual(['10.0.0.1'])
    }
    const gone = await startDnsServer()
    await gone[Symbol.asyncDispose]()
    expect(await ipsOf(namesOver([gone.port, second.port]), 'a.test')).toEqual(['10.0.0.1'])
  })

  it('says why there is no answer', async () => {
    await using server = await startDnsServer()
    const names = namesOver([server.port])
    expect(await answerOf(names, 'no.test')).toEqual({
      kind: 'not-found',
      detail: 'dns server error: 3 name error',
    })
    server.zone.mode = 'failing'
    expect(await answerOf(names, 'x.test')).toEqual({
      kind: 'failed',
      detail: 'dns server error: 2 server failure',
    })
    server.zone.mode = 'silent'
    expect(await answerOf(names, 'y.test')).toEqual({
      kind: 'failed',
      detail: `dns client error: failed to receive reply from UDP server 127.0.0.1:${server.port}: timeout`,
    })
  })

  it('remembers which type a name has', async () => {
    await using server = await startDnsServer({ 'a.test': [{ type: 'A', ip: '10.0.0.1', ttl: 0 }] })
    const names = namesOver([server.port])
    await names.lookup('a.test')
    await names.lookup('a.test')
    expect(server.queries.toSorted()).toEqual(['A a.test', 'A a.test', 'SRV a.test'])
  })
})

describe('askServer()', () => {
  it('takes a name that cannot be asked for as one that does not exist', async () => {
    const answer = await askServer({ ip: '127.0.0.1', port: 9 }, { name: 'a b', type: 'A' }, 1000)
    expect(answer.responseCode).toBe(3)
  })
})
