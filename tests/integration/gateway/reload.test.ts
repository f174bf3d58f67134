import http from 'node:http'
import { describe, expect, it } from 'vitest'
import { freePort } from '../../support/free-port.ts'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import { startUpstream } from '../../support/start-upstream.ts'
import { until } from '../../support/until.ts'
import { oneRoute } from './configs.ts'

const RELOADS = 100
const CLIENTS = 8

/** Sends requests one after the other until it is told to stop; some on a connection of their own. */
async function load(url: string, isOver: () => boolean): Promise<readonly number[]> {
  const agent = new http.Agent({ keepAlive: true })
  const statuses: number[] = []
  while (!isOver()) statuses.push(await get(url, statuses.length % 10 === 0 ? false : agent))
  agent.destroy()
  return statuses
}

function get(url: string, agent: http.Agent | false): Promise<number> {
  return new Promise((resolve, reject) => {
    http
      .get(url, { agent }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode!))
        response.on('error', reject)
      })
      .on('error', reject)
  })
}

async function statusOf(gateway: TestGateway, path: string): Promise<number> {
  return (await fetch(gateway.url + path)).status
}

describe('reloading', () => {
  it('loses no request in a hundred reloads under load', async () => {
    await using upstream = await startUpstream()
    await using gateway = await startGateway(oneRoute(upstream.url))
    let isOver = false
    const clients = Array.from({ length: CLIENTS }, () => load(gateway.url, () => isOver))
    const reloaded = () => gateway.errorLog().match(/reloaded/g)?.length ?? 0
    for (let reload = 1; reload <= RELOADS; reload += 1) {
      gateway.writeConfig({ ...oneRoute(upstream.url), consumers: [{ username: `${reload}` }] })
      gateway.signal('SIGHUP')
      await until(() => reloaded() === reload)
    }
    isOver = true
    const statuses = (await Promise.all(clients)).flat()
    expect(statuses.length).toBeGreaterThan(RELOADS)
    expect(statuses.filter((status) => status !== 200)).toEqual([])
  })

  it('takes signals that come while it reloads for one more reload', async () => {
    await using upstream = await startUpstream()
    await using gateway = await startGateway(oneRoute(upstream.url, '/old'))
    for (let signal = 0; signal < 20; signal += 1) gateway.signal('SIGHUP')
    gateway.writeConfig(oneRoute(upstream.url, '/new'))
    gateway.signal('SIGHUP')
    await until(async () => (await statusOf(gateway, '/new')) === 200)
  })

  it('puts a changed file in force on SIGHUP, and connections stay open', async () => {
    await using upstream = await startUpstream()
    await using gateway = await startGateway(oneRoute(upstream.url, '/old'))
    expect(await statusOf(gateway, '/new')).toBe(404)
    gateway.writeConfig(oneRoute(upstream.url, '/new'))
    gateway.signal('SIGHUP')
    await until(async () => (await statusOf(gateway, '/new')) === 200)
    expect(await statusOf(gateway, '/old')).toBe(404)
  })

  it('goes on as before when the file is faulty, and says what is wrong with it', async () => {
    await using upstream = await startUpstream()
    await using gateway = await startGateway(oneRoute(upstream.url))
    gateway.writeConfig({ _format_version: '3.0', services: [{ name: 'x' }] })
    gateway.signal('SIGHUP')
    await until(() => gateway.errorLog().includes("in 'host': required field missing"))
    expect(gateway.errorLog()).not.toContain('    at ')
    expect(await statusOf(gateway, '/')).toBe(200)
  })

  it('follows a watched file, however it is replaced', async () => {
    await using upstream = await startUpstream()
    await using gateway = await startGateway(oneRoute(upstream.url, '/old'), {
      declarative_config_watch: 'on',
    })
    gateway.writeConfig(oneRoute(upstream.url, '/new'))
    await until(async () => (await statusOf(gateway, '/new')) === 200)
    gateway.writeConfig('services: [')
    await until(() => gateway.errorLog().includes('Cannot reload'))
    expect(await statusOf(gateway, '/new')).toBe(200)
  })

  it('takes changed settings too', async () => {
    await using upstream = await startUpstream()
    await using gateway = await startGateway(oneRoute(upstream.url))
    const viaOf = async () => (await fetch(gateway.url)).headers.get('via')
    expect(await viaOf()).not.toBeNull()
    gateway.writeSettings({ headers: 'off' })
    gateway.signal('SIGHUP')
    await until(async () => (await viaOf()) === null)
  })

  it('replaces everything through POST /config, in all workers before it answers', async () => {
    await using upstream = await startUpstream()
    await using gateway = await startGateway(oneRoute(upstream.url, '/old'), {
      nginx_worker_processes: '2',
    })
    const answer = await fetch(`${gateway.adminUrl}/config`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(oneRoute(upstream.url, '/new')),
    })
    expect(answer.status).toBe(201)
    const statuses = await Promise.all(
      Array.from({ length: 20 }, () => get(`${gateway.url}/new`, false)),
    )
    expect(new Set(statuses)).toEqual(new Set([200]))
  })
})

describe('reloading settings', () => {
  it('opens new listeners, keeps those that stay and ends those that are gone', async () => {
    await using upstream = await startUpstream()
    const [kept, gone, added] = [await freePort(), await freePort(), await freePort()]
    await using gateway = await startGateway(oneRoute(upstream.url), {
      proxy_listen: `127.0.0.1:${kept}, 127.0.0.1:${gone}`,
    })
    const agent = new http.Agent({ keepAlive: true })
    expect(await get(`http://127.0.0.1:${kept}/`, agent)).toBe(200)
    const [socket] = Object.values(agent.freeSockets).flat()
    gateway.writeSettings({ proxy_listen: `127.0.0.1:${kept}, 127.0.0.1:${added}` })
    gateway.signal('SIGHUP')
    await until(() =>
      get(`http://127.0.0.1:${added}/`, false).then(
        (status) => status === 200,
        () => false,
      ),
    )
    await until(() =>
      get(`http://127.0.0.1:${gone}/`, false).then(
        () => false,
        () => true,
      ),
    )
    expect(await get(`http://127.0.0.1:${kept}/`, agent)).toBe(200)
    expect(Object.values(agent.freeSockets).flat()).toEqual([socket])
    agent.destroy()
  })

  it('goes on as before when a new address cannot be had', async () => {
    await using upstream = await startUpstream()
    await using gateway = await startGateway(oneRoute(upstream.url))
    gateway.writeSettings({ proxy_listen: `127.0.0.1:${upstream.port}`, headers: 'off' })
    gateway.signal('SIGHUP')
    await until(() => gateway.errorLog().includes('Address already in use'))
    const answer = await fetch(gateway.url)
    expect([answer.status, answer.headers.has('via')]).toEqual([200, true])
  })

  it('starts and ends workers', async () => {
    await using upstream = await startUpstream()
    await using gateway = await startGateway(oneRoute(upstream.url), {
      nginx_worker_processes: '1',
    })
    const workers = async () => {
      const status = (await (await fetch(`${gateway.adminUrl}/status`)).json()) as {
        memory: { workers_lua_vms: unknown[] }
      }
      return status.memory.workers_lua_vms.length
    }
    for (const count of [3, 1]) {
      gateway.writeSettings({ nginx_worker_processes: String(count) })
      gateway.signal('SIGHUP')
      await until(async () => (await workers()) === count)
      expect(await get(gateway.url, false)).toBe(200)
    }
  })

  it('says which changed settings have to wait for the next start', async () => {
    await using gateway = await startGateway(oneRoute('http://localhost:1'))
    gateway.writeSettings({ router_flavor: 'traditional' })
    gateway.signal('SIGHUP')
    await until(() => gateway.errorLog().includes('take effect at the next start: router_flavor'))
  })
})
