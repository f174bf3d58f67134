import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import { startUpstream } from '../../support/start-upstream.ts'
import { until } from '../../support/until.ts'

const TWO_WORKERS = { nginx_worker_processes: '2' }

function configOf(ports: readonly number[], upstream: object): object {
  return {
    _format_version: '3.0',
    services: [{ name: 's', host: 'backend', routes: [{ name: 'r', paths: ['/'] }] }],
    upstreams: [
      {
        name: 'backend',
        targets: ports.map((port) => ({ target: `127.0.0.1:${port}` })),
        ...upstream,
      },
    ],
  }
}

/** One request on a connection of its own, which any of the workers may get. */
async function get(gateway: TestGateway, agent: http.Agent | false = false): Promise<number> {
  const request = http.get({ host: '127.0.0.1', port: gateway.port, path: '/', agent })
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  response.resume()
  await once(response, 'end')
  return response.statusCode!
}

async function getMany(gateway: TestGateway, count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1) await get(gateway)
}

async function healthOf(gateway: TestGateway): Promise<Readonly<Record<string, string>>> {
  const response = await fetch(`${gateway.adminUrl}/upstreams/backend/health`)
  const { data } = (await response.json()) as {
    readonly data: readonly { readonly target: string; readonly health: string }[]
  }
  return Object.fromEntries(data.map(({ target, health }) => [target, health]))
}

/** A server that can go away with all its connections and come back at the same port. */
async function startShaky() {
  let answered = 0
  const server = http.createServer((_, response) => {
    answered += 1
    response.end('ok')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const stop = async (): Promise<void> => {
    if (!server.listening) return
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  return {
    port,
    get answered() {
      return answered
    },
    stop,
    async start() {
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
    },
    [Symbol.asyncDispose]: stop,
  }
}

describe('health of targets in a gateway with two workers', () => {
  const FAILURES = 10
  const PASSIVE = { passive: { unhealthy: { http_statuses: [500], http_failures: FAILURES } } }

  it('is counted by both together, outlasts a reload, and is set by hand for both', async () => {
    await using good = await startUpstream()
    await using bad = await startUpstream((_request, response) => {
      response.statusCode = 500
      response.end()
    })
    const config = configOf([good.port, bad.port], { healthchecks: PASSIVE })
    await using gateway = await startGateway(config, TWO_WORKERS)
    await getMany(gateway, 60)
    expect(bad.requests).toHaveLength(FAILURES)
    expect(good.requests).toHaveLength(60 - FAILURES)
    const sick = {
      [`127.0.0.1:${good.port}`]: 'HEALTHY',
      [`127.0.0.1:${bad.port}`]: 'UNHEALTHY',
    }
    expect(await healthOf(gateway)).toEqual(sick)

    const more = { ...config, consumers: [{ username: 'ann' }] }
    const loaded = await fetch(`${gateway.adminUrl}/config`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(more),
    })
    expect(loaded.status).toBe(201)
    await getMany(gateway, 20)
    expect(bad.requests).toHaveLength(FAILURES)
    expect(await healthOf(gateway)).toEqual(sick)

    const target = `${gateway.adminUrl}/upstreams/backend/targets/127.0.0.1:${bad.port}`
    expect((await fetch(`${target}/healthy`, { method: 'PUT' })).status).toBe(204)
    await getMany(gateway, 60)
    expect(bad.requests).toHaveLength(2 * FAILURES)
    expect((await fetch(`${target}/unhealthy`, { method: 'PUT' })).status).toBe(204)
    await getMany(gateway, 10)
    expect(bad.requests).toHaveLength(2 * FAILURES)
  })

  it('opens a circuit for both, and shows it', async () => {
    await using good = await startUpstream()
    await using bad = await startUpstream((_request, response) => {
      response.statusCode = 503
      response.end()
    })
    const ejection = { consecutive_failures: 5, base_time: 3600, max_time: 3600 }
    const config = configOf([good.port, bad.port], { outlier_ejection: ejection })
    await using gateway = await startGateway(config, TWO_WORKERS)
    await getMany(gateway, 40)
    expect(bad.requests).toHaveLength(5)
    const response = await fetch(`${gateway.adminUrl}/upstreams/backend/health`)
    const { data } = (await response.json()) as { readonly data: readonly object[] }
    const shown = data.find((row) => (row as { target: string }).target.endsWith(`:${bad.port}`))
    expect(shown).toMatchObject({
      health: 'HEALTHCHECKS_OFF',
      data: { addresses: [{ circuit: { state: 'OPEN', openings: 1 } }] },
    })
  })
})

describe('upstreams that die and come back under load', () => {
  const CHECKS = {
    active: {
      type: 'tcp',
      healthy: { interval: 0.05, successes: 1 },
      unhealthy: { interval: 0.05, tcp_failures: 1 },
    },
    passive: { unhealthy: { tcp_failures: 1 } },
  }

  it('lose no request that may be repeated', async () => {
    await using one = await startShaky()
    await using other = await startShaky()
    const config = configOf([one.port, other.port], { healthchecks: CHECKS })
    await using gateway = await startGateway(config, TWO_WORKERS)
    const statuses = new Map<number | string, number>()
    const agent = new http.Agent({ keepAlive: true, maxSockets: 16 })
    const state = { isOver: false, sent: 0 }
    const client = async (): Promise<void> => {
      while (!state.isOver) {
        state.sent += 1
        const status = await get(gateway, agent).catch((error: unknown) => String(error))
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
    }
    const clients = Promise.all(Array.from({ length: 16 }, client))
    const served = () => statuses.get(200) ?? 0
    const serveMore = (count: number) => {
      const goal = served() + count
      return until(() => served() >= goal)
    }
    for (const shaky of [one, other, one]) {
      await serveMore(200)
      await shaky.stop()
      await serveMore(200)
      const before = shaky.answered
      await shaky.start()
      // It has been found well again, and takes its share.
      await until(() => shaky.answered > before + 20)
    }
    state.isOver = true
    await clients
    agent.destroy()
    expect(Object.fromEntries(statuses)).toEqual({ 200: state.sent })
  })
})

describe('consistent hashing on a header', () => {
  it('finds the header however its name is written, but not with a hyphen, as in Kong', async () => {
    await using one = await startUpstream()
    await using other = await startUpstream()
    const spread = async (hash_on_header: string) => {
      const config = configOf([one.port, other.port], { hash_on: 'header', hash_on_header })
      await using gateway = await startGateway(config, { nginx_worker_processes: '1' })
      const before = [one.requests.length, other.requests.length]
      for (let user = 0; user < 40; user += 1)
        await fetch(gateway.url, { headers: { 'X-User': `user-${user}` } })
      const seen = [one.requests.length - before[0]!, other.requests.length - before[1]!]
      return { most: Math.max(...seen), log: gateway.errorLog() }
    }
    expect((await spread('X_User')).most).toBeLessThan(35)
    const { most, log } = await spread('X-User')
    expect(most).toBe(40)
    expect(log).toContain('hash_on_header "X-User" finds no header')
  })
})
