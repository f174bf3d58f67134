import { existsSync, readFileSync, statSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { KeptConfiguration } from '../../../src/gateway/kept-configuration.ts'
import { freePort } from '../../support/free-port.ts'
import { workplace } from '../../support/run-portunus.ts'
import { startGateway } from '../../support/start-gateway.ts'
import { startUpstream } from '../../support/start-upstream.ts'
import { until } from '../../support/until.ts'
import { oneRoute } from './configs.ts'

describe('startGateway()', () => {
  it('serves routes and the Admin API', async () => {
    await using upstream = await startUpstream()
    await using gateway = await startGateway(oneRoute(upstream.url, '/api'))
    const answer = await fetch(`${gateway.url}/api/x`)
    expect([answer.status, await answer.text()]).toEqual([200, 'hello'])
    expect(upstream.requests).toEqual(['GET /x'])
    const { data } = (await (await fetch(`${gateway.adminUrl}/routes`)).json()) as {
      data: { name: string }[]
    }
    expect(data.map(({ name }) => name)).toEqual(['all'])
  })

  it('serves writes of the Admin API at once where they are allowed', async () => {
    await using upstream = await startUpstream()
    await using gateway = await startGateway('', { database: 'memory', declarative_config: '' })
    const post = (where: string, body: object) =>
      fetch(gateway.adminUrl + where, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    await post('/services', { name: 's', url: upstream.url })
    await post('/services/s/routes', { paths: ['/a'] })
    expect((await fetch(`${gateway.url}/a`)).status).toBe(200)
  })

  it('shares one port among several workers', async () => {
    await using upstream = await startUpstream()
    await using gateway = await startGateway(oneRoute(upstream.url), {
      nginx_worker_processes: '3',
    })
    const answers = Array.from({ length: 30 }, () =>
      fetch(gateway.url, { headers: { connection: 'close' } }),
    )
    const statuses = (await Promise.all(answers)).map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set([200]))
    const status = (await (await fetch(`${gateway.adminUrl}/status`)).json()) as {
      server: { total_requests: number }
      memory: { workers_lua_vms: unknown[] }
    }
    expect(status.server.total_requests).toBe(30)
    expect(status.memory.workers_lua_vms).toHaveLength(3)
  })

  it('keeps what it was started with where only its group may read it', async () => {
    await using gateway = await startGateway(oneRoute('http://localhost:1'))
    const file = path.join(gateway.prefix, '.kong_env')
    expect(statSync(file).mode & 0o777).toBe(0o640)
    expect(readFileSync(file, 'utf8')).toContain(`prefix = ${gateway.prefix}\n`)
  })

  it('has the same node id after every start', async () => {
    const idOf = async (settings: Record<string, string>) => {
      await using gateway = await startGateway('_format_version: "3.0"', settings)
      return ((await (await fetch(gateway.adminUrl)).json()) as { node_id: string }).node_id
    }
    const id = '6b4f38d1-e026-440b-a5ea-8634739dd2a7'
    expect(await idOf({ node_id: id })).toBe(id)
  })

  it.each([
    [
      'services: [',
      /error parsing declarative config file .*kong\.yml:\nfailed parsing declarative configuration: /,
    ],
    ['hello', /expected an object/],
    [
      '_format_version: "3.0"\nservices:\n- name: x\n',
      /in 'services':\n {2}- in entry 1 of 'services':\n {4}in 'host': required field missing/,
    ],
  ])('refuses the configuration %j', async (config, message) => {
    await expect(startGateway(config)).rejects.toThrow(message)
  })

  it('names who holds a port that is taken', async () => {
    const other = net.createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as net.AddressInfo
    const started = startGateway('_format_version: "3.0"', { proxy_listen: `127.0.0.1:${port}` })
    await expect(started).rejects.toThrow(
      `bind() to 127.0.0.1:${port} failed (98: Address already in use): the port is taken by`,
    )
    await expect(started).rejects.toThrow(`(pid ${process.pid})`)
    other.close()
  })

  it.each([
    [{ plugins: 'bundled,nope' }, /on plugin 'nope': nope plugin is enabled but not installed/],
    [{ declarative_config: '/nowhere.yml' }, /\/nowhere\.yml: No such file or directory/],
    [{ proxy_error_log: '/nowhere/error.log' }, /could not open log file "\/nowhere\/error\.log"/],
    [{ database: 'postgres', pg_port: '1' }, /PostgreSQL: connect ECONNREFUSED/],
  ])('does not start with %j', async (settings, message) => {
    await expect(startGateway('_format_version: "3.0"', settings)).rejects.toThrow(message)
  })
})

describe('a configuration that was posted', () => {
  it('is there again after a restart', async () => {
    await using upstream = await startUpstream()
    await using place = workplace({
      KONG_DATABASE: 'off',
      KONG_PROXY_LISTEN: `127.0.0.1:${await freePort()}`,
      KONG_ADMIN_LISTEN: `127.0.0.1:${await freePort()}`,
      KONG_STATUS_LISTEN: 'off',
    })
    await place.run(['start'])
    const settings = readFileSync(path.join(place.prefix, '.kong_env'), 'utf8')
    const portOf = (name: string) => new RegExp(`^${name} = (.*)$`, 'm').exec(settings)![1]!
    const posted = await fetch(`http://${portOf('admin_listen')}/config`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(oneRoute(upstream.url, '/posted')),
    })
    expect(posted.status).toBe(201)
    const file = path.join(place.prefix, 'dbless.json')
    await until(() => existsSync(file))
    expect(statSync(file).mode & 0o777).toBe(0o600)
    await place.run(['restart'])
    expect((await fetch(`http://${portOf('proxy_listen')}/posted`)).status).toBe(200)
  })

  it('is kept when the gateway is stopped right after it was put back', async () => {
    const consumers = Array.from({ length: 20_000 }, (_, at) => ({ username: `user-${at}` }))
    await using gateway = await startGateway({ _format_version: '3.0' })
    const post = async (path: string, body: object): Promise<string> => {
      const answer = await fetch(gateway.adminUrl + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      expect(answer.ok).toBe(true)
      return answer.text()
    }
    await post('/config', { _format_version: '3.0', consumers })
    const history = await (await fetch(`${gateway.adminUrl}/config/history?size=1`)).json()
    const { version } = (history as { data: [{ version: number }] }).data[0]
    await post('/config', { _format_version: '3.0', consumers: consumers.slice(1) })
    // Answers at once, other than a configuration that was posted, which is shown whole.
    await post('/config/rollback', { version })
    gateway.signal('SIGTERM')
    expect(await gateway.ended).toBe(0)
    const kept = readFileSync(path.join(gateway.prefix, 'dbless.json'), 'utf8')
    expect((JSON.parse(kept) as KeptConfiguration).entities['consumers']).toHaveLength(20_000)
  })
})
