import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { createBalancers } from '../../../src/balancer/create-balancers.ts'
import { DEFAULT_DNS_SETTINGS } from '../../../src/balancer/dns/dns-settings.ts'
import type { Balancers } from '../../../src/balancer/peer.ts'
import {
  NO_CHECKS,
  requestOf,
  targetsOf,
  upstreamOf,
} from '../../../src/balancer/testing/balancing-entities.ts'
import { recordingLog } from '../../../src/balancer/testing/recording-log.ts'
import type { Healthchecks } from '../../../src/entities/entity.ts'
import { startDnsServer } from '../../support/dns-server.ts'
import { PATIENCE_MS } from '../../support/until.ts'

const QUICK_CHECKS: Healthchecks = {
  ...NO_CHECKS,
  active: {
    ...NO_CHECKS.active,
    healthy: { ...NO_CHECKS.active.healthy, interval: 0.02, successes: 1 },
    unhealthy: { ...NO_CHECKS.active.unhealthy, interval: 0.02, tcp_failures: 1, http_failures: 1 },
  },
}

/** A server that can go away and come back at the same port. */
async function startServer() {
  let status = 200
  const server = createServer((_, response) => response.writeHead(status).end())
  const listen = async (port: number): Promise<void> => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  await listen(0)
  const { port } = server.address() as AddressInfo
  const stop = async (): Promise<void> => {
    if (!server.listening) return
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return {
    port,
    stop,
    start: () => listen(port),
    answer: (next: number) => {
      status = next
    },
    [Symbol.asyncDispose]: stop,
  }
}

function balancersAt(dnsPort: number): Balancers & Disposable {
  const balancers = createBalancers({
    dns: { ...DEFAULT_DNS_SETTINGS, servers: [`127.0.0.1:${dnsPort}`] },
    log: recordingLog(),
  })
  return { ...balancers, [Symbol.dispose]: () => balancers.close() }
}

function healthOf(balancers: Balancers): readonly string[] {
  return balancers.health('upstream-1')!.targets.map(({ health }) => health)
}

describe('an upstream with active checks', () => {
  it('leaves out a server while it is gone or ill, and takes it back', async () => {
    await using dns = await startDnsServer()
    await using steady = await startServer()
    await using shaky = await startServer()
    using balancers = balancersAt(dns.port)
    balancers.apply(
      [upstreamOf({ healthchecks: QUICK_CHECKS })],
      targetsOf([`127.0.0.1:${steady.port}`, `localhost:${shaky.port}`]),
    )
    expect(healthOf(balancers)).toEqual(['HEALTHY', 'HEALTHY'])
    await shaky.stop()
    await vi.waitFor(
      () => expect(healthOf(balancers)).toEqual(['HEALTHY', 'UNHEALTHY']),
      PATIENCE_MS,
    )
    const source = balancers.source('backend', 80)
    for (let count = 0; count < 4; count += 1)
      expect(source.pick(requestOf(), [])).toMatchObject({ port: steady.port })
    await shaky.start()
    await vi.waitFor(() => expect(healthOf(balancers)).toEqual(['HEALTHY', 'HEALTHY']), PATIENCE_MS)
    shaky.answer(500)
    await vi.waitFor(
      () => expect(healthOf(balancers)).toEqual(['HEALTHY', 'UNHEALTHY']),
      PATIENCE_MS,
    )
  })
})

describe('an upstream whose targets are names', () => {
  it('follows addresses that come and go', async () => {
    await using dns = await startDnsServer({
      'svc.test': [{ type: 'A', ip: '127.0.0.1', ttl: 1 }],
    })
    using balancers = balancersAt(dns.port)
    balancers.apply([upstreamOf()], targetsOf(['svc.test:80', 'later.test:80']))
    const source = balancers.source('backend', 80)
    const first = await source.pick(requestOf(), [])
    expect(first).toMatchObject({ ip: '127.0.0.1', hostname: 'svc.test' })
    dns.zone.records['svc.test'] = [
      { type: 'A', ip: '127.0.0.1', ttl: 1 },
      { type: 'A', ip: '127.0.0.2', ttl: 1 },
    ]
    const ipsNow = (): readonly string[] =>
      balancers.health('upstream-1')!.targets[0]!.addresses.map(({ ip }) => ip)
    await vi.waitFor(() => expect(ipsNow()).toEqual(['127.0.0.1', '127.0.0.2']), PATIENCE_MS)
    expect([await source.pick(requestOf(), []), await source.pick(requestOf(), [])]).toContain(
      first,
    )
    expect(healthOf(balancers)).toEqual(['HEALTHCHECKS_OFF', 'DNS_ERROR'])
  })

  it('keeps the last addresses while name servers fail', async () => {
    await using dns = await startDnsServer({ 'svc.test': [{ type: 'A', ip: '127.0.0.1', ttl: 1 }] })
    using balancers = balancersAt(dns.port)
    balancers.apply([upstreamOf()], targetsOf(['svc.test:80']))
    const source = balancers.source('backend', 80)
    const peer = await source.pick(requestOf(), [])
    dns.zone.mode = 'failing'
    const before = dns.queries.length
    await vi.waitFor(() => expect(dns.queries.length).toBeGreaterThan(before + 1), PATIENCE_MS)
    expect(source.pick(requestOf(), [])).toBe(peer)
  })
})
