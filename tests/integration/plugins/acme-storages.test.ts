import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { consulStorage } from '../../../src/plugins/acme/consul-storage.ts'
import { redisStorage } from '../../../src/plugins/acme/redis-storage.ts'
import type { AcmeStorage } from '../../../src/plugins/acme/storage.ts'
import { vaultStorage } from '../../../src/plugins/acme/vault-storage.ts'

type Answer = readonly [status: number, body?: string]

/** A server that stands in for Consul or Vault. */
async function startPlace(answer: (request: IncomingMessage, body: string, url: URL) => Answer) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const url = new URL(request.url!, 'http://place')
      asked.push(`${request.method} ${request.url}`)
      const [status, said = ''] = answer(request, body, url)
      response.writeHead(status).end(said)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    asked,
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function behavesAsStorage(storage: AcmeStorage): Promise<void> {
  const key = 'kong_acme:cert_key:a.test'
  expect(await storage.get(key)).toBeUndefined()
  expect(await storage.list('kong_acme:')).toEqual([])
  await storage.set(key, '{"a":"1/2"}')
  expect(await storage.get(key)).toBe('{"a":"1/2"}')
  expect(await storage.add(key, 'other', 30)).toBe(false)
  expect(await storage.add('lock', 'x', 30)).toBe(true)
  await storage.set('other', 'y', 60)
  expect(await storage.list('kong_acme:')).toEqual([key])
  await storage.delete(key)
  await storage.delete(key)
  expect(await storage.get(key)).toBeUndefined()
}

/** The key-value store of Consul, as its documentation has it. */
function consul() {
  const rows = new Map<string, string>()
  return (request: IncomingMessage, body: string, url: URL): Answer => {
    if (request.headers['x-consul-token'] !== 'secret') return [403, 'ACL not found']
    const key = decodeURIComponent(url.pathname.slice('/v1/kv/'.length))
    if (url.searchParams.has('keys')) {
      const keys = [...rows.keys()].filter((each) => each.startsWith(key))
      return keys.length === 0 ? [404] : [200, JSON.stringify(keys)]
    }
    if (request.method === 'PUT') {
      if (url.searchParams.get('cas') === '0' && rows.has(key)) return [200, 'false']
      rows.set(key, body)
      return [200, 'true']
    }
    if (request.method === 'DELETE') {
      rows.delete(key)
      return [200, 'true']
    }
    const value = rows.get(key)
    return value === undefined ? [404] : [200, value]
  }
}

const CONSUL = { https: false, host: '127.0.0.1', token: 'secret', timeout: 5000 }

describe('acme › consulStorage', () => {
  it('keeps things below a folder', async () => {
    await using place = await startPlace(consul())
    const config = { ...CONSUL, port: place.port, kv_path: 'mine/acme' }
    await behavesAsStorage(consulStorage(config))
    expect(place.asked[0]).toBe('GET /v1/kv/mine/acme/kong_acme%3Acert_key%3Aa.test?raw')
  })

  it('fails with the words of Consul', async () => {
    await using place = await startPlace(consul())
    const storage = consulStorage({ ...CONSUL, port: place.port, token: 'no' } as never)
    await expect(storage.get('a')).rejects.toThrow('Consul answered 403 to GET "a": ACL not found')
  })
})

/** The second version of Vault's key-value store. */
function vault(token: string) {
  const rows = new Map<string, string>()
  return (request: IncomingMessage, body: string, url: URL): Answer => {
    if (url.pathname.endsWith('/login')) {
      const given = JSON.parse(body) as object
      const auth = { client_token: token, lease_duration: 60 }
      return [200, JSON.stringify({ auth, given })]
    }
    if (request.headers['x-vault-token'] !== token) return [403]
    const [, kind, key = ''] = /^\/v1\/secret\/(data|metadata)\/(.*)$/.exec(url.pathname) ?? []
    const name = decodeURIComponent(key)
    if (url.searchParams.has('list')) {
      const keys = [...rows.keys()].map((each) => each.slice(key.length + 1))
      return keys.length === 0 ? [404] : [200, JSON.stringify({ data: { keys } })]
    }
    if (kind === 'metadata') {
      rows.delete(name)
      return [204]
    }
    if (request.method === 'POST') {
      const { data, options } = JSON.parse(body) as { data: { value: string }; options?: object }
      if (options && rows.has(name))
        return [400, '{"errors":["check-and-set parameter did not match"]}']
      rows.set(name, data.value)
      return [200, '{}']
    }
    const value = rows.get(name)
    return value === undefined ? [404, '{}'] : [200, JSON.stringify({ data: { data: { value } } })]
  }
}

describe('acme › vaultStorage', () => {
  const config = { https: false, host: '127.0.0.1', tls_verify: true, timeout: 5000 }

  it('keeps things by a token', async () => {
    await using place = await startPlace(vault('secret'))
    const given = { ...config, port: place.port, auth_method: 'token', token: 'secret' }
    await behavesAsStorage(vaultStorage(given as never, Date.now))
  })

  it('is lent a token for a service account of Kubernetes, and uses it for a while', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'portunus-vault-'))
    const file = path.join(folder, 'token')
    await writeFile(file, 'jwt\n')
    await using place = await startPlace(vault('lent'))
    let now = 0
    const given = {
      ...config,
      port: place.port,
      auth_method: 'kubernetes',
      auth_role: 'r',
      jwt_path: file,
    }
    const storage = vaultStorage(given as never, () => now)
    await storage.set('a', '1')
    expect(await storage.get('a')).toBe('1')
    now += 31_000
    await storage.get('a')
    await rm(folder, { recursive: true })
    const logins = place.asked.filter((each) => each.includes('login'))
    expect(logins).toEqual(Array.from({ length: 2 }, () => 'POST /v1/auth/kubernetes/login'))
  })

  it('fails when Vault refuses', async () => {
    await using place = await startPlace(vault('secret'))
    const given = { ...config, port: place.port, auth_method: 'token', token: 'no' }
    const storage = vaultStorage(given as never, Date.now)
    await expect(storage.get('a')).rejects.toThrow('Vault answered 403')
  })
})

const redisUrl = process.env['TEST_REDIS_URL']
if (redisUrl === undefined) console.warn('acme: skipped what needs Redis; set TEST_REDIS_URL')

describe.skipIf(redisUrl === undefined)('acme › redisStorage over a Redis', () => {
  it('keeps things under a namespace', async () => {
    const redis = new Redis(redisUrl!)
    const namespace = `test-${crypto.randomUUID()}:`
    const config = { extra_options: { namespace, scan_count: 2 } } as never
    const storage = redisStorage(redis, config)
    await behavesAsStorage(storage)
    expect(await redis.ttl(`${namespace}lock`)).toBeGreaterThan(0)
    await Promise.all(['lock', 'other'].map((key) => storage.delete(key)))
    redis.disconnect()
  })
})
