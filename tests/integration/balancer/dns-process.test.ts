import http from 'node:http'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { type Dnsmasq, hasDnsmasq, startDnsmasq } from '../../support/dnsmasq.ts'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import { until } from '../../support/until.ts'

/** Says which address it was reached at. */
async function startHost(ip: string, port = 0) {
  const server = http.createServer((_, response) => response.end(`${ip} `))
  server.listen(port, ip)
  await once(server, 'listening')
  const address = server.address() as { readonly port: number }
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function serviceAt(host: string, port: number, more: object = {}): object {
  return {
    _format_version: '3.0',
    services: [{ name: 's', host, port, routes: [{ name: 'r', paths: ['/'] }] }],
    ...more,
  }
}

function gatewayOver(
  dns: Dnsmasq,
  config: object,
  settings: Readonly<Record<string, string>> = {},
): Promise<TestGateway> {
  return startGateway(config, {
    dns_resolver: `127.0.0.1:${dns.port}`,
    nginx_worker_processes: '1',
    ...settings,
  })
}

async function ask(gateway: TestGateway): Promise<string> {
  const response = await fetch(gateway.url)
  return `${response.status} ${(await response.text()).split('\n')[response.ok ? 0 : 1]!.trim()}`
}

async function askMany(gateway: TestGateway, count: number): Promise<readonly string[]> {
  const answers: string[] = []
  while (answers.length < count) answers.push(await ask(gateway))
  return answers
}

const UNRESOLVED = '503 "message":"name resolution failed",'

describe.skipIf(!hasDnsmasq())('a gateway over a DNS server', () => {
  it('follows an address that changes, for a service and for a target', async () => {
    await using one = await startHost('127.0.0.1')
    await using _two = await startHost('127.0.0.2', one.port)
    for (const config of [
      serviceAt('moving.test', one.port),
      serviceAt('backend', 80, {
        upstreams: [{ name: 'backend', targets: [{ target: `moving.test:${one.port}` }] }],
      }),
    ]) {
      await using dns = await startDnsmasq({
        ttl: 1,
        addresses: { 'moving.test': ['127.0.0.1'] },
      })
      await using gateway = await gatewayOver(dns, config)
      expect(await askMany(gateway, 3)).toEqual(Array.from({ length: 3 }, () => '200 127.0.0.1'))
      await dns.start({ ttl: 1, addresses: { 'moving.test': ['127.0.0.2'] } })
      await until(async () => (await ask(gateway)) === '200 127.0.0.2')
      expect(await askMany(gateway, 3)).toEqual(Array.from({ length: 3 }, () => '200 127.0.0.2'))
      await dns.start({ ttl: 1, addresses: { 'moving.test': ['127.0.0.1', '127.0.0.2'] } })
      await until(async () => new Set(await askMany(gateway, 2)).size === 2)
    }
  })

  it('follows aliases to their end', async () => {
    await using one = await startHost('127.0.0.1')
    await using dns = await startDnsmasq({
      ttl: 60,
      addresses: { 'end.test': ['127.0.0.1'] },
      aliases: [
        ['middle.test', 'end.test'],
        ['alias.test', 'middle.test'],
      ],
    })
    await using gateway = await gatewayOver(dns, serviceAt('alias.test', one.port))
    expect(await ask(gateway)).toBe('200 127.0.0.1')
  })

  it('shares requests by the weights and ports of service records', async () => {
    await using one = await startHost('127.0.0.1')
    await using two = await startHost('127.0.0.2')
    await using far = await startHost('127.0.0.3')
    await using dns = await startDnsmasq({
      ttl: 60,
      addresses: {
        'one.test': ['127.0.0.1'],
        'two.test': ['127.0.0.2'],
        'far.test': ['127.0.0.3'],
      },
      services: [
        ['svc.test', 'one.test', one.port, 1, 3],
        ['svc.test', 'two.test', two.port, 1, 1],
        ['svc.test', 'far.test', far.port, 2, 9],
      ],
    })
    await using gateway = await gatewayOver(dns, serviceAt('svc.test', 1))
    const counts = Map.groupBy(await askMany(gateway, 40), (answer) => answer)
    expect([...counts].map(([answer, all]) => [answer, all.length]).sort()).toEqual([
      ['200 127.0.0.1', 30],
      ['200 127.0.0.2', 10],
    ])
  })

  it('serves on with what it knows while the server is away', async () => {
    await using one = await startHost('127.0.0.1')
    await using dns = await startDnsmasq({ ttl: 1, addresses: { 'a.test': ['127.0.0.1'] } })
    await using gateway = await gatewayOver(dns, serviceAt('a.test', one.port))
    expect(await ask(gateway)).toBe('200 127.0.0.1')
    await dns.stop()
    const expired = Date.now() + 1100
    await until(() => Date.now() > expired)
    expect(await askMany(gateway, 5)).toEqual(Array.from({ length: 5 }, () => '200 127.0.0.1'))
  })

  it('asks once for a name, however many requests wait for it', async () => {
    await using one = await startHost('127.0.0.1')
    await using dns = await startDnsmasq({ ttl: 3600, addresses: { 'a.test': ['127.0.0.1'] } })
    await using gateway = await gatewayOver(dns, serviceAt('a.test', one.port))
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(gateway)))
    expect(new Set(answers)).toEqual(new Set(['200 127.0.0.1']))
    expect(dns.queries.toSorted()).toEqual(['A a.test', 'SRV a.test'])
  })

  it('remembers that there is no such name, for as long as it is told', async () => {
    await using one = await startHost('127.0.0.1')
    await using dns = await startDnsmasq({ ttl: 60 })
    const config = serviceAt('late.test', one.port)
    await using patient = await gatewayOver(dns, config, { dns_not_found_ttl: '3600' })
    expect(new Set(await askMany(patient, 10))).toEqual(new Set([UNRESOLVED]))
    const before = dns.queries.length
    expect(dns.queries.toSorted()).toEqual(['A late.test', 'SRV late.test'])
    await using quick = await gatewayOver(dns, config, { dns_not_found_ttl: '0.1' })
    expect(await ask(quick)).toBe(UNRESOLVED)
    await dns.start({ ttl: 60, addresses: { 'late.test': ['127.0.0.1'] } })
    await until(async () => (await ask(quick)) === '200 127.0.0.1')
    expect(await ask(patient)).toBe(UNRESOLVED)
    expect(dns.queries.length).toBeGreaterThan(before)
  })

  it('goes by the properties of the newer client when that is switched on', async () => {
    await using one = await startHost('127.0.0.1')
    await using dns = await startDnsmasq({
      ttl: 60,
      addresses: { 'a.test': ['127.0.0.1'] },
      services: [['_http._tcp.a.test', 'a.test', one.port, 1, 1]],
    })
    const settings = {
      new_dns_client: 'on',
      // Nobody answers there: the properties of the older client must not count.
      dns_resolver: '127.0.0.1:1',
      resolver_address: `127.0.0.1:${dns.port}`,
    }
    await using plain = await gatewayOver(dns, serviceAt('a.test', one.port), settings)
    expect(await ask(plain)).toBe('200 127.0.0.1')
    expect(dns.queries).toEqual(['A a.test'])
    await using service = await gatewayOver(dns, serviceAt('_http._tcp.a.test', 1), settings)
    expect(await ask(service)).toBe('200 127.0.0.1')
    expect(dns.queries).toContain('SRV _http._tcp.a.test')
    await using quick = await gatewayOver(dns, serviceAt('late.test', one.port), {
      ...settings,
      resolver_error_ttl: '0.1',
    })
    expect(await ask(quick)).toBe(UNRESOLVED)
    await dns.start({ ttl: 60, addresses: { 'late.test': ['127.0.0.1'] } })
    await until(async () => (await ask(quick)) === '200 127.0.0.1')
  })
})
