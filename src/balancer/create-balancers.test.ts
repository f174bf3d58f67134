import { describe, expect, it } from 'vitest'
import type { Healthchecks } from '../entities/entity.ts'
import { createBalancers } from './create-balancers.ts'
import type { AskServer } from './dns/ask-server.ts'
import { createNames } from './dns/create-names.ts'
import { DEFAULT_DNS_SETTINGS } from './dns/dns-settings.ts'
import type { DnsRecord } from './dns/dns-message.ts'
import type { Balancers, BalancerFault, Peer, PeerOutcome } from './peer.ts'
import { healthMemory } from './health-table.ts'
import type { ProbeRequest } from './probe.ts'
import { NO_CHECKS, requestOf, targetsOf, upstreamOf } from './testing/balancing-entities.ts'
import { ManualClock, settled } from './testing/manual-clock.ts'
import { recordingLog } from './testing/recording-log.ts'

const PASSIVE: Healthchecks = {
  ...NO_CHECKS,
  passive: { ...NO_CHECKS.passive, unhealthy: { ...NO_CHECKS.passive.unhealthy, tcp_failures: 1 } },
}

const REFUSED: PeerOutcome = { kind: 'connect-failed' }

/** Balancers over a name server of records that a test may change, and over probes it may answer. */
function balancersOver(
  zone: Record<string, readonly (Partial<DnsRecord> & { type: string })[]> = {},
) {
  const clock = new ManualClock()
  const log = recordingLog()
  const asked: string[] = []
  const probed: ProbeRequest[] = []
  const state = {
    areServersDown: false,
    probe: (): PeerOutcome => ({ kind: 'ok', status: 200 }),
  }
  const ask: AskServer = async (_, { name, type }) => {
    asked.push(`${type} ${name}`)
    if (state.areServersDown) throw new Error('timeout')
    const records = zone[name]
    if (records === undefined) return { responseCode: 3, isTruncated: false, answers: [] }
    const answers = records
      .filter((record) => record.type === type || record.type === 'CNAME')
      .map((record) => ({ name, ttlSeconds: 60, ...record }) as DnsRecord)
    return { responseCode: 0, isTruncated: false, answers }
  }
  const names = createNames({
    settings: { ...DEFAULT_DNS_SETTINGS, servers: ['192.0.2.53'] },
    clock,
    ask,
    readText: (path) => (path.endsWith('hosts') ? '127.0.0.1 localhost\n::1 localhost six' : ''),
  })
  const balancers = createBalancers({
    dns: DEFAULT_DNS_SETTINGS,
    names,
    clock,
    log,
    random: () => 0,
    probe: async (request) => {
      probed.push(request)
      return state.probe()
    },
  })
  return { balancers, clock, log, zone, asked, probed, state }
}

async function pick(
  balancers: Balancers,
  host: string,
  tried: readonly Peer[] = [],
): Promise<Peer> {
  const picked = await balancers.source(host, 80).pick(requestOf(), tried)
  if ('fault' in picked) throw new Error(JSON.stringify(picked))
  return picked
}

async function places(balancers: Balancers, host: string, count: number): Promise<string> {
  const found: string[] = []
  for (let left = count; left > 0; left -= 1) {
    const peer = await pick(balancers, host)
    found.push(`${peer.ip}:${peer.port}`)
  }
  return found.join(' ')
}

async function faultOf(balancers: Balancers, host: string): Promise<BalancerFault | Peer> {
  return balancers.source(host, 80).pick(requestOf(), [])
}

describe('createBalancers() with a plain host', () => {
  it('gives one address at once, and always the same peer', () => {
    const { balancers } = balancersOver()
    const first = balancers.source('192.0.2.1', 8080).pick(requestOf(), [])
    expect(first).toMatchObject({ ip: '192.0.2.1', port: 8080, hostname: '192.0.2.1' })
    expect(balancers.source('192.0.2.1', 8080).pick(requestOf(), [])).toBe(first)
  })

  it('writes IPv6 addresses in brackets where they are a host', () => {
    const { balancers } = balancersOver()
    for (const host of ['::1', '[::1]', '[0000:0000:0000:0000:0000:0000:0000:0001]'])
      expect(balancers.source(host, 80).pick(requestOf(), [])).toMatchObject({
        ip: '::1',
        hostHeader: '[::1]',
      })
  })

  it('gives addresses of the hosts file at once: IPv4 where there is one', () => {
    const { balancers } = balancersOver()
    expect(balancers.source('localhost', 80).pick(requestOf(), [])).toMatchObject({
      ip: '127.0.0.1',
      hostname: 'localhost',
    })
    expect(balancers.source('six', 80).pick(requestOf(), [])).toMatchObject({ ip: '::1' })
  })

  it('remembers so many hosts only, and none that is too long for a name', () => {
    const { balancers } = balancersOver()
    const first = balancers.source('first.test', 80)
    expect(balancers.source('first.test', 80)).toBe(first)
    const long = 'long.'.repeat(51) + 't'
    expect(balancers.source(long, 80)).not.toBe(balancers.source(long, 80))
    for (let index = 0; index < 10_000; index += 1) balancers.source(`other-${index}.test`, 80)
    expect(balancers.source('first.test', 80)).not.toBe(first)
  })

  it('takes turns over the addresses of a name, at once when they are known', async () => {
    const { balancers } = balancersOver({
      'svc.test': [
        { type: 'A', ip: '10.0.0.2' },
        { type: 'A', ip: '10.0.0.1' },
      ],
    })
    const source = balancers.source('svc.test', 80)
    const first = source.pick(requestOf(), [])
    expect(first).toBeInstanceOf(Promise)
    await first
    const second = source.pick(requestOf(), []) as Peer
    const third = source.pick(requestOf(), []) as Peer
    expect([second.ip, third.ip].sort()).toEqual(['10.0.0.1', '10.0.0.2'])
    expect(source.pick(requestOf(), [])).toBe(second)
    expect(source.pick(requestOf(), [second])).toBe(third)
  })

  it('lets an SRV record decide over port and weight', async () => {
    const { balancers } = balancersOver({
      'svc.test': [
        { type: 'SRV', target: 'one.test', port: 8001, weight: 2, priority: 1 },
        { type: 'SRV', target: 'two.test', port: 0, weight: 1, priority: 1 },
        { type: 'SRV', target: 'far.test', port: 8003, weight: 9, priority: 2 },
      ],
      'one.test': [{ type: 'A', ip: '10.0.0.1' }],
      'two.test': [{ type: 'A', ip: '10.0.0.2' }],
      'far.test': [{ type: 'A', ip: '10.0.0.3' }],
    })
    expect(await places(balancers, 'svc.test', 3)).toBe('10.0.0.1:8001 10.0.0.2:80 10.0.0.1:8001')
  })

  it('tells a name that does not exist from servers that fail', async () => {
    const { balancers, state } = balancersOver({ 'empty.test': [] })
    const notResolved = { fault: 'name-not-resolved', name: 'no.test' }
    expect(await faultOf(balancers, 'no.test')).toMatchObject(notResolved)
    expect(await faultOf(balancers, 'empty.test')).toMatchObject({ fault: 'name-not-resolved' })
    expect(await faultOf(balancers, 'x.invalid')).toMatchObject({ fault: 'name-not-resolved' })
    state.areServersDown = true
    expect(await faultOf(balancers, 'other.test')).toMatchObject({
      fault: 'dns-failed',
      detail: expect.stringContaining('timeout'),
    })
  })

  it('follows changed records, and keeps the peers of addresses that stay', async () => {
    const { balancers, zone, clock } = balancersOver({
      'svc.test': [{ type: 'A', ip: '10.0.0.1' }],
    })
    const before = await pick(balancers, 'svc.test')
    zone['svc.test'] = [
      { type: 'A', ip: '10.0.0.1' },
      { type: 'A', ip: '10.0.0.2' },
    ]
    await clock.advance(61_000)
    // The old answer serves while it is renewed.
    expect(await pick(balancers, 'svc.test')).toBe(before)
    await settled()
    const after = [await pick(balancers, 'svc.test'), await pick(balancers, 'svc.test')]
    expect(after).toContain(before)
    expect(after.map(({ ip }) => ip).sort()).toEqual(['10.0.0.1', '10.0.0.2'])
  })
})

describe('createBalancers() with an upstream', () => {
  it('prefers an upstream of the name to DNS, as soon as it is applied and as long as it is', async () => {
    const { balancers } = balancersOver({ backend: [{ type: 'A', ip: '10.0.0.9' }] })
    const source = balancers.source('backend', 80)
    expect(await source.pick(requestOf(), [])).toMatchObject({ ip: '10.0.0.9', port: 80 })
    balancers.apply([upstreamOf()], targetsOf(['10.0.0.1:8000']))
    expect(source.pick(requestOf(), [])).toMatchObject({ ip: '10.0.0.1', port: 8000 })
    balancers.apply([], [])
    expect(await source.pick(requestOf(), [])).toMatchObject({ ip: '10.0.0.9' })
  })

  it('gives every address of a target the weight of the target', async () => {
    const { balancers } = balancersOver({
      'two.test': [
        { type: 'A', ip: '10.0.0.1' },
        { type: 'A', ip: '10.0.0.2' },
      ],
    })
    balancers.apply(
      [upstreamOf()],
      targetsOf([
        ['two.test:80', 10],
        ['10.0.0.3:80', 20],
      ]),
    )
    await settled()
    const found = (await places(balancers, 'backend', 40)).split(' ')
    const counts = Map.groupBy(found, (place) => place)
    expect([...counts].map(([place, turns]) => [place, turns.length]).sort()).toEqual([
      ['10.0.0.1:80', 10],
      ['10.0.0.2:80', 10],
      ['10.0.0.3:80', 20],
    ])
  })

  it('says which Host a peer is asked for by', async () => {
    const { balancers } = balancersOver({
      'srv.test': [{ type: 'SRV', target: 'one.test', port: 81, weight: 1, priority: 1 }],
      'one.test': [{ type: 'A', ip: '10.0.0.1' }],
    })
    const targets = targetsOf(['srv.test:80'])
    balancers.apply([upstreamOf()], targets)
    expect(await pick(balancers, 'backend')).toMatchObject({ hostHeader: 'srv.test', port: 81 })
    balancers.apply([upstreamOf({ host_header: 'inner.example' })], targets)
    expect(await pick(balancers, 'backend')).toMatchObject({ hostHeader: 'inner.example' })
    balancers.apply([upstreamOf({ use_srv_name: true })], targets)
    expect(await pick(balancers, 'backend')).toMatchObject({ hostname: 'one.test' })
  })

  it('has no peer without targets, or when all weights are 0', async () => {
    const { balancers } = balancersOver()
    balancers.apply([upstreamOf()], [])
    expect(await faultOf(balancers, 'backend')).toEqual({ fault: 'no-peer' })
    balancers.apply([upstreamOf()], targetsOf([['10.0.0.1:80', 0]]))
    expect(await faultOf(balancers, 'backend')).toEqual({ fault: 'no-peer' })
  })

  it('waits for names that are resolved for the first time, and serves without those that fail', async () => {
    const { balancers, zone, clock } = balancersOver({ 'a.test': [{ type: 'A', ip: '10.0.0.1' }] })
    balancers.apply([upstreamOf()], targetsOf(['a.test:80', 'gone.test:80']))
    expect(await places(balancers, 'backend', 2)).toBe('10.0.0.1:80 10.0.0.1:80')
    const [, gone] = balancers.health('upstream-1')!.targets
    expect(gone).toMatchObject({ health: 'DNS_ERROR', dns: 'dns server error: 3 name error' })
    zone['gone.test'] = [{ type: 'A', ip: '10.0.0.2' }]
    await clock.advance(31_000)
    expect(await places(balancers, 'backend', 2)).toContain('10.0.0.2:80')
  })

  it('looks names up again when their TTL is over', async () => {
    const { balancers, zone, clock } = balancersOver({ 'a.test': [{ type: 'A', ip: '10.0.0.1' }] })
    balancers.apply([upstreamOf()], targetsOf(['a.test:80']))
    await settled()
    zone['a.test'] = [{ type: 'A', ip: '10.0.0.2' }]
    await clock.advance(61_000)
    expect(await places(balancers, 'backend', 1)).toBe('10.0.0.2:80')
  })

  it('resolves a name of TTL 0 for each exchange', async () => {
    const { balancers, zone } = balancersOver({
      'a.test': [{ type: 'A', ip: '10.0.0.1', ttlSeconds: 0 }],
    })
    balancers.apply([upstreamOf()], targetsOf(['a.test:80']))
    expect(await places(balancers, 'backend', 1)).toBe('10.0.0.1:80')
    zone['a.test'] = [{ type: 'A', ip: '10.0.0.2', ttlSeconds: 0 }]
    expect(await places(balancers, 'backend', 1)).toBe('10.0.0.2:80')
    expect(balancers.health('upstream-1')!.targets[0]).toMatchObject({ dns: 'ttl=0, virtual SRV' })
    zone['a.test'] = []
    expect(await faultOf(balancers, 'backend')).toMatchObject({ fault: 'name-not-resolved' })
  })

  it('counts exchanges of a peer from its pick to its release', async () => {
    const { balancers } = balancersOver()
    balancers.apply(
      [upstreamOf({ algorithm: 'least-connections' })],
      targetsOf(['10.0.0.1:80', '10.0.0.2:80']),
    )
    const source = balancers.source('backend', 80)
    const first = await pick(balancers, 'backend')
    const second = await pick(balancers, 'backend')
    expect(second).not.toBe(first)
    source.release(first)
    expect(await pick(balancers, 'backend')).toBe(first)
  })
})

describe('createBalancers(), health', () => {
  it('takes an address out that fails, and says so', async () => {
    const { balancers, log } = balancersOver()
    balancers.apply(
      [upstreamOf({ healthchecks: PASSIVE })],
      targetsOf(['10.0.0.1:80', '10.0.0.2:80']),
    )
    const source = balancers.source('backend', 80)
    source.report(await pick(balancers, 'backend'), REFUSED)
    expect(await places(balancers, 'backend', 2)).toBe('10.0.0.2:80 10.0.0.2:80')
    expect(log.lines).toEqual([
      'Upstream "backend": 10.0.0.1:80 (10.0.0.1) is unhealthy, 100 of 200 weight available',
    ])
    expect(balancers.health('upstream-1')).toMatchObject({
      isChecked: true,
      balancer: 'HEALTHY',
      weight: { total: 200, available: 100, unavailable: 100 },
      targets: [
        { health: 'UNHEALTHY', addresses: [{ ip: '10.0.0.1', health: 'UNHEALTHY' }] },
        { health: 'HEALTHY' },
      ],
    })
  })

  it('counts nothing without checks', async () => {
    const { balancers } = balancersOver()
    balancers.apply([upstreamOf()], targetsOf(['10.0.0.1:80']))
    const peer = await pick(balancers, 'backend')
    for (let count = 0; count < 10; count += 1)
      balancers.source('backend', 80).report(peer, REFUSED)
    expect(await pick(balancers, 'backend')).toBe(peer)
    expect(balancers.health('upstream-1')!.targets[0]!.health).toBe('HEALTHCHECKS_OFF')
  })

  it('keeps health and peer of a target that a new configuration still has', async () => {
    const { balancers } = balancersOver()
    const upstream = upstreamOf({ healthchecks: PASSIVE })
    balancers.apply([upstream], targetsOf(['10.0.0.1:80', '10.0.0.2:80']))
    const ill = await pick(balancers, 'backend')
    balancers.source('backend', 80).report(ill, REFUSED)
    const renamed = { ...upstream, id: 'other-id' }
    balancers.apply([renamed], targetsOf(['10.0.0.1:80', '10.0.0.3:80'], 'other-id'))
    expect(await places(balancers, 'backend', 2)).toBe('10.0.0.3:80 10.0.0.3:80')
    const target = 'id of 10.0.0.1:80'
    expect(balancers.setHealth('other-id', target, true)).toBeUndefined()
    expect(await pick(balancers, 'backend')).toBe(ill)
    balancers.apply([{ ...renamed, healthchecks: NO_CHECKS }], [])
    expect(balancers.health('upstream-1')).toBeUndefined()
  })

  it('serves only while more than the threshold of weight is available', async () => {
    const { balancers } = balancersOver()
    const upstream = upstreamOf({ healthchecks: { ...PASSIVE, threshold: 50 } })
    balancers.apply([upstream], targetsOf(['10.0.0.1:80', '10.0.0.2:80']))
    balancers.source('backend', 80).report(await pick(balancers, 'backend'), REFUSED)
    expect(await faultOf(balancers, 'backend')).toEqual({ fault: 'no-peer' })
    expect(balancers.health('upstream-1')!.balancer).toBe('UNHEALTHY')
  })

  it('is set by hand for a target or one address of it, and refuses with a reason', async () => {
    const { balancers } = balancersOver({
      'two.test': [
        { type: 'A', ip: '10.0.0.1' },
        { type: 'A', ip: '10.0.0.2' },
      ],
    })
    const targets = targetsOf(['two.test:80'])
    const id = 'id of two.test:80'
    balancers.apply([upstreamOf()], targets)
    expect(balancers.setHealth('upstream-1', id, false)).toBe('no healthchecker found for backend')
    balancers.apply([upstreamOf({ healthchecks: PASSIVE })], targets)
    await settled()
    expect(balancers.setHealth('upstream-1', id, false, '10.0.0.1:80')).toBeUndefined()
    expect(await places(balancers, 'backend', 2)).toBe('10.0.0.2:80 10.0.0.2:80')
    expect(balancers.setHealth('upstream-1', id, false)).toBeUndefined()
    expect(await faultOf(balancers, 'backend')).toEqual({ fault: 'no-peer' })
    expect(balancers.setHealth('upstream-1', id, true, '10.0.0.7:80')).toContain('no address')
    expect(balancers.setHealth('upstream-1', 'x', true)).toContain('no target')
    expect(balancers.setHealth('x', id, true)).toContain('no balancer')
  })

  it('finds an IPv6 address however it is written', async () => {
    const { balancers } = balancersOver()
    const target = '[0000:0000:0000:0000:0000:0000:0000:0001]:80'
    balancers.apply([upstreamOf({ healthchecks: PASSIVE })], targetsOf([target]))
    expect(await pick(balancers, 'backend')).toMatchObject({ ip: '::1', hostHeader: '[::1]' })
    for (const address of ['[::1]:80', '::1:80', target])
      expect(balancers.setHealth('upstream-1', `id of ${target}`, false, address)).toBeUndefined()
    expect(await faultOf(balancers, 'backend')).toEqual({ fault: 'no-peer' })
  })

  it('is one for all workers, from the first failure to the flip and back', async () => {
    const memory = healthMemory()
    const healthchecks: Healthchecks = {
      ...PASSIVE,
      passive: {
        ...PASSIVE.passive,
        unhealthy: { ...PASSIVE.passive.unhealthy, tcp_failures: 3 },
      },
    }
    const workers = [1, 2].map(() => {
      const balancers = createBalancers({
        dns: DEFAULT_DNS_SETTINGS,
        log: recordingLog(),
        healthMemory: memory,
      })
      balancers.apply([upstreamOf({ healthchecks })], targetsOf(['10.0.0.1:80', '10.0.0.2:80']))
      return balancers
    })
    const [one, other] = workers as [Balancers, Balancers]
    const report = async (balancers: Balancers) =>
      balancers.source('backend', 80).report(await pick(balancers, 'backend'), REFUSED)
    const ill = await pick(one, 'backend')
    one.source('backend', 80).report(ill, REFUSED)
    await report(other)
    expect(one.health('upstream-1')).toMatchObject({ weight: { available: 200 } })
    one.source('backend', 80).report(ill, REFUSED)
    for (const balancers of workers) {
      expect(await places(balancers, 'backend', 2)).toBe('10.0.0.2:80 10.0.0.2:80')
      expect(balancers.health('upstream-1')).toMatchObject({ weight: { available: 100 } })
    }
    other.setHealth('upstream-1', 'id of 10.0.0.1:80', true)
    for (const balancers of workers)
      expect(await places(balancers, 'backend', 2)).toContain('10.0.0.1:80')
    // A worker that takes another's place begins with what the others know.
    other.setHealth('upstream-1', 'id of 10.0.0.2:80', false)
    const late = createBalancers({
      dns: DEFAULT_DNS_SETTINGS,
      log: recordingLog(),
      healthMemory: memory,
    })
    late.apply([upstreamOf({ healthchecks })], targetsOf(['10.0.0.1:80', '10.0.0.2:80']))
    expect(await places(late, 'backend', 2)).toBe('10.0.0.1:80 10.0.0.1:80')
  })

  it('leaves active checks to another worker when told to', async () => {
    const clock = new ManualClock()
    const { active } = NO_CHECKS
    const balancers = createBalancers({
      dns: DEFAULT_DNS_SETTINGS,
      clock,
      log: recordingLog(),
      runsActiveChecks: false,
    })
    const healthchecks = {
      ...NO_CHECKS,
      active: { ...active, healthy: { ...active.healthy, interval: 1 } },
    }
    balancers.apply([upstreamOf({ healthchecks })], targetsOf(['10.0.0.1:80']))
    expect(balancers.health('upstream-1')!.isChecked).toBe(true)
    expect(clock.timerCount).toBe(0)
  })

  it('probes the healthy and the unhealthy each in their rhythm', async () => {
    const { balancers, clock, probed, state } = balancersOver()
    const { active } = NO_CHECKS
    const healthchecks: Healthchecks = {
      ...NO_CHECKS,
      active: {
        ...active,
        http_path: '/status',
        headers: { 'X-Probe': ['1'] },
        healthy: { ...active.healthy, interval: 4.5, successes: 2 },
        unhealthy: { ...active.unhealthy, interval: 1, http_failures: 1 },
      },
    }
    balancers.apply(
      [upstreamOf({ healthchecks, host_header: 'inner.example' })],
      targetsOf(['10.0.0.1:80', ['10.0.0.2:80', 0]]),
    )
    await clock.advance(4_400)
    expect(probed).toEqual([])
    state.probe = () => ({ kind: 'ok', status: 500 })
    await clock.advance(200)
    expect(probed).toEqual([
      expect.objectContaining({
        type: 'http',
        ip: '10.0.0.1',
        port: 80,
        path: '/status',
        hostHeader: 'inner.example',
        headers: { 'X-Probe': ['1'] },
        timeoutMs: 1000,
      }),
    ])
    expect(await faultOf(balancers, 'backend')).toEqual({ fault: 'no-peer' })
    state.probe = () => ({ kind: 'ok', status: 200 })
    await clock.advance(500)
    expect(await faultOf(balancers, 'backend')).toEqual({ fault: 'no-peer' })
    await clock.advance(1_000)
    expect(await pick(balancers, 'backend')).toMatchObject({ ip: '10.0.0.1' })
    balancers.close()
    expect(clock.timerCount).toBe(0)
  })

  it('probes no more than the given number of addresses at a time', async () => {
    const clock = new ManualClock()
    let running = 0
    let most = 0
    const balancers = createBalancers({
      dns: DEFAULT_DNS_SETTINGS,
      clock,
      log: recordingLog(),
      probe: async () => {
        running += 1
        most = Math.max(most, running)
        await Promise.resolve()
        running -= 1
        return { kind: 'ok' }
      },
    })
    const healthchecks: Healthchecks = {
      ...NO_CHECKS,
      active: {
        ...NO_CHECKS.active,
        type: 'tcp',
        concurrency: 3,
        healthy: { ...NO_CHECKS.active.healthy, interval: 1 },
      },
    }
    const hosts = Array.from({ length: 10 }, (_, index) => `10.0.0.${index}:80`)
    balancers.apply([upstreamOf({ healthchecks })], targetsOf(hosts))
    await clock.advance(1_000)
    expect(most).toBe(3)
  })
})

describe('createBalancers() beyond Kong', () => {
  const EJECTION = {
    consecutive_failures: 2,
    http_statuses: [503],
    base_time: 10,
    max_time: 60,
    max_percent: 50,
  }
  const BAD: PeerOutcome = { kind: 'ok', status: 503 }

  it('leaves an address out for a while when it keeps failing, and says so', async () => {
    const { balancers, clock, log } = balancersOver()
    balancers.apply(
      [upstreamOf({ outlier_ejection: EJECTION })],
      targetsOf(['10.0.0.1:80', '10.0.0.2:80']),
    )
    const source = balancers.source('backend', 80)
    const ill = await pick(balancers, 'backend')
    source.report(ill, BAD)
    source.report(ill, BAD)
    expect(log.lines).toEqual([
      'Upstream "backend": 10.0.0.1:80 (10.0.0.1) is left out for 10 s, 100 of 200 weight available',
    ])
    expect(await places(balancers, 'backend', 2)).toBe('10.0.0.2:80 10.0.0.2:80')
    expect(balancers.health('upstream-1')!.targets[0]!.addresses[0]).toMatchObject({
      circuit: { state: 'OPEN', openings: 1, open_until: clock.nowMs() / 1000 + 10 },
    })
    await clock.advance(9_900)
    expect(await places(balancers, 'backend', 2)).toBe('10.0.0.2:80 10.0.0.2:80')
    await clock.advance(200)
    expect(await places(balancers, 'backend', 2)).toContain('10.0.0.1:80')
    expect(balancers.health('upstream-1')!.targets[0]!.addresses[0]).toMatchObject({
      circuit: { state: 'HALF_OPEN' },
    })
    source.report(ill, { kind: 'ok', status: 200 })
    expect(log.lines[1]).toContain('is well again')
    expect(balancers.health('upstream-1')!.targets[0]!.addresses[0]).toMatchObject({
      circuit: { state: 'CLOSED', failures: 0, openings: 0 },
    })
    balancers.close()
    expect(clock.timerCount).toBe(0)
  })

  it('never leaves out more than the part that may be', async () => {
    const { balancers } = balancersOver()
    balancers.apply(
      [upstreamOf({ outlier_ejection: EJECTION })],
      targetsOf(['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80']),
    )
    const source = balancers.source('backend', 80)
    for (let count = 0; count < 30; count += 1) source.report(await pick(balancers, 'backend'), BAD)
    expect(balancers.health('upstream-1')!.weight).toMatchObject({ available: 200 })
  })

  it.each(['round-robin', 'least-connections'] as const)(
    'lets an address that comes back grow to its weight: %s',
    async (algorithm) => {
      const { balancers, clock } = balancersOver()
      balancers.apply(
        [upstreamOf({ algorithm, slow_start: 10, healthchecks: PASSIVE })],
        targetsOf(['10.0.0.1:80', '10.0.0.2:80']),
      )
      const source = balancers.source('backend', 80)
      /** Of 110 exchanges that are all under way at once. */
      const shareOfFirst = async () => {
        const peers: Peer[] = []
        for (let count = 0; count < 110; count += 1) peers.push(await pick(balancers, 'backend'))
        for (const peer of peers) source.release(peer)
        return peers.filter(({ ip }) => ip === '10.0.0.1').length
      }
      // Those that come together are equals.
      expect(await shareOfFirst()).toBe(55)
      await clock.advance(10_000)
      balancers.setHealth('upstream-1', 'id of 10.0.0.1:80', false)
      expect(await shareOfFirst()).toBe(0)
      balancers.setHealth('upstream-1', 'id of 10.0.0.1:80', true)
      expect(await shareOfFirst()).toBe(10)
      expect(balancers.health('upstream-1')!.targets[0]!.addresses[0]).toMatchObject({
        weight: 100,
        current_weight: 10,
      })
      await clock.advance(5_000)
      const half = await shareOfFirst()
      expect(half).toBeGreaterThan(30)
      expect(half).toBeLessThan(45)
      await clock.advance(5_000)
      expect(await shareOfFirst()).toBe(55)
      balancers.close()
      expect(clock.timerCount).toBe(0)
    },
  )

  it('shows nothing of it where it is not asked for', () => {
    const { balancers } = balancersOver()
    balancers.apply([upstreamOf({ healthchecks: PASSIVE })], targetsOf(['10.0.0.1:80']))
    expect(balancers.health('upstream-1')!.targets[0]!.addresses).toEqual([
      { ip: '10.0.0.1', port: 80, weight: 100, health: 'HEALTHY' },
    ])
  })
})
