import { describe, expect, it } from 'vitest'
import type { AskServer } from './ask-server.ts'
import type { DnsRecord } from './dns-message.ts'
import { createNameResolver } from './name-resolver.ts'
import type { NameResolver } from './name-resolver.ts'
import { createRecordQuery } from './record-query.ts'

type Zone = Readonly<Record<string, readonly DnsRecord[]>>

function a(name: string, ip: string, ttlSeconds = 60): DnsRecord {
  return { type: 'A', name, ip, ttlSeconds }
}

function alias(name: string, target: string, ttlSeconds = 60): DnsRecord {
  return { type: 'CNAME', name, target, ttlSeconds }
}

function service(name: string, target: string, more: Partial<DnsRecord> = {}): DnsRecord {
  const base = { type: 'SRV', name, target, port: 80, weight: 1, priority: 1, ttlSeconds: 60 }
  return { ...base, ...more } as DnsRecord
}

function resolverOver(
  zone: Zone,
  options: { readonly ndots?: number; readonly search?: readonly string[]; ask?: AskServer } = {},
): NameResolver & { readonly asked: readonly string[] } {
  const asked: string[] = []
  const ask: AskServer = async (_, { name, type }) => {
    asked.push(`${type} ${name}`)
    const records = zone[`${type} ${name}`] ?? zone[name]
    if (records === undefined) return { responseCode: 3, isTruncated: false, answers: [] }
    return { responseCode: 0, isTruncated: false, answers: records }
  }
  const query = createRecordQuery({
    servers: [
      { ip: '192.0.2.1', port: 53 },
      { ip: '192.0.2.2', port: 53 },
    ],
    timeoutMs: 1000,
    attempts: 3,
    rotates: false,
    ask: options.ask ?? ask,
  })
  const resolver: NameResolver = createNameResolver({
    search: options.search ?? [],
    ndots: options.ndots ?? 1,
    query,
    resolveAddresses: (name) => resolver.resolve(`${name}.`, ['A']),
  })
  return { ...resolver, asked }
}

describe('createNameResolver()', () => {
  it('gives the first wanted type that has records', async () => {
    const zone = { 'A x.test': [a('x.test', '10.0.0.1')], 'SRV x.test': [] }
    const found = await resolverOver(zone).resolve('x.test', ['SRV', 'A'])
    expect(found).toMatchObject({ kind: 'resolved', type: 'A', addresses: [{ ip: '10.0.0.1' }] })
  })

  it('follows aliases, within an answer and beyond it, and takes the least TTL', async () => {
    const zone = {
      'x.test': [alias('x.test', 'y.test', 30), alias('y.test', 'z.test', 20)],
      'z.test': [a('z.test', '10.0.0.1', 40)],
    }
    const found = await resolverOver(zone).resolve('x.test', ['A'])
    expect(found).toMatchObject({ ttlSeconds: 20, addresses: [{ ip: '10.0.0.1', name: 'z.test' }] })
  })

  it('gives up on aliases in a circle', async () => {
    const zone = { 'x.test': [alias('x.test', 'y.test')], 'y.test': [alias('y.test', 'x.test')] }
    const found = await resolverOver(zone).resolve('x.test', ['A'])
    expect(found).toMatchObject({ kind: 'failed', detail: expect.stringContaining('aliases') })
  })

  it('ignores records of names nobody asked for', async () => {
    const zone = { 'x.test': [a('evil.test', '10.6.6.6')] }
    expect(await resolverOver(zone).resolve('x.test', ['A'])).toMatchObject({ kind: 'not-found' })
  })

  it('takes the services of lowest priority number; a weight of 0 counts as 1', async () => {
    const zone = {
      'SRV s.test': [
        service('s.test', 'a.test', { weight: 0, port: 81 }),
        service('s.test', 'b.test', { weight: 6, port: 82, ttlSeconds: 5 }),
        service('s.test', 'c.test', { priority: 2 }),
        service('s.test', 'gone.test'),
      ],
      'a.test': [a('a.test', '10.0.0.1', 9)],
      'b.test': [a('b.test', '10.0.0.2'), a('b.test', '10.0.0.3')],
      'c.test': [a('c.test', '10.0.0.4')],
    }
    expect(await resolverOver(zone).resolve('s.test', ['SRV', 'A'])).toEqual({
      kind: 'resolved',
      type: 'SRV',
      ttlSeconds: 5,
      addresses: [
        { ip: '10.0.0.1', port: 81, weight: 1, name: 'a.test' },
        { ip: '10.0.0.2', port: 82, weight: 3, name: 'b.test' },
        { ip: '10.0.0.3', port: 82, weight: 3, name: 'b.test' },
      ],
    })
  })

  it.each([
    ['x', 1, ['x.one.test', 'x.two.test', 'x']],
    ['x.y', 1, ['x.y', 'x.y.one.test', 'x.y.two.test']],
    ['x.y', 2, ['x.y.one.test', 'x.y.two.test', 'x.y']],
    ['x.', 1, ['x']],
  ])('tries "%s" with ndots %i as %j', async (name, ndots, tried) => {
    const resolver = resolverOver({}, { ndots, search: ['one.test', 'two.test'] })
    expect(await resolver.resolve(name, ['A'])).toMatchObject({ kind: 'not-found' })
    expect(resolver.asked).toEqual(tried.map((each) => `A ${each}`))
  })

  it('asks the next server when one does not answer or cannot, and again after the last', async () => {
    const asked: string[] = []
    const outcomes = ['silent', 'silent', 'good']
    const ask: AskServer = async ({ ip }, { name }) => {
      asked.push(ip)
      if (outcomes.shift() === 'silent') throw new Error('timeout')
      return { responseCode: 0, isTruncated: false, answers: [a(name, '10.0.0.1')] }
    }
    const found = await resolverOver({}, { ask }).resolve('x.test', ['A'])
    expect(found).toMatchObject({ kind: 'resolved' })
    expect(asked).toEqual(['192.0.2.1', '192.0.2.2', '192.0.2.1'])
  })

  it('asks each server once when they say that they cannot', async () => {
    let count = 0
    const ask: AskServer = async () => {
      count += 1
      return { responseCode: 2, isTruncated: false, answers: [] }
    }
    const found = await resolverOver({}, { ask }).resolve('x.test', ['A'])
    expect(found).toEqual({ kind: 'failed', detail: 'dns server error: 2 server failure' })
    expect(count).toBe(2)
  })
})
