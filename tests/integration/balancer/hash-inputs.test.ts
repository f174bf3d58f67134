import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import { startUpstream, type TestUpstream } from '../../support/start-upstream.ts'

/** Fields of an upstream, by the name that it and the path to it have. */
const UPSTREAMS: Readonly<Record<string, object>> = {
  consumer: { hash_on: 'consumer' },
  fallback: { hash_on: 'consumer', hash_fallback: 'query_arg', hash_fallback_query_arg: 'who' },
  argument: { hash_on: 'query_arg', hash_on_query_arg: 'who' },
  group: { hash_on: 'uri_capture', hash_on_uri_capture: 'who' },
  path: { hash_on: 'path' },
  cookie: { hash_on: 'cookie', hash_on_cookie: 'sid', hash_on_cookie_path: '/cookie' },
}

const USERS = Array.from({ length: 12 }, (_, index) => `user-${index}`)

let upstreams: readonly TestUpstream[]
let gateway: TestGateway

beforeAll(async () => {
  upstreams = await Promise.all(
    ['a', 'b', 'c'].map((name) =>
      startUpstream((request, response) => {
        response.setHeader('x-saw-host', request.headers.host!)
        response.end(name)
      }),
    ),
  )
  const targets = upstreams.map(({ port }) => ({ target: `127.0.0.1:${port}` }))
  gateway = await startGateway(
    {
      _format_version: '3.0',
      upstreams: Object.entries(UPSTREAMS).map(([name, fields]) => ({
        name,
        targets,
        host_header: `${name}.test`,
        ...fields,
      })),
      services: Object.keys(UPSTREAMS).map((name) => ({
        name,
        host: name,
        routes: [{ name, paths: [name === 'group' ? '~/group/(?<who>[^/]+)' : `/${name}`] }],
      })),
      consumers: USERS.map((username) => ({ username, keyauth_credentials: [{ key: username }] })),
      plugins: [{ name: 'key-auth', service: 'consumer' }],
    },
    { nginx_worker_processes: '1' },
  )
})

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  await Promise.all((upstreams ?? []).map((upstream) => upstream[Symbol.asyncDispose]()))
})

/** Name of the target that answers. */
async function ask(path: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const response = await fetch(`${gateway.url}${path}`, { headers })
  expect(response.status).toBe(200)
  return response.text()
}

describe('consistent hashing through the gateway', () => {
  it.each<[string, (user: string, turn: number) => Promise<string>]>([
    ['an argument', (user, turn) => ask(`/argument/${turn}?turn=${turn}&who=${user}`)],
    ['a group of the route’s pattern', (user, turn) => ask(`/group/${user}/${turn}`)],
    ['the path, whatever the argument', (user, turn) => ask(`/path/${user}?turn=${turn}`)],
    ['the consumer, known only by the plugin', (user) => ask('/consumer', { apikey: user })],
    ['a cookie', (user) => ask('/cookie', { cookie: `sid=${user}` })],
  ])('sends what has the same value to one target: %s', async (_, askFor) => {
    const targets = new Map<string, string>()
    for (const user of USERS) targets.set(user, await askFor(user, 0))
    for (const user of USERS) expect(await askFor(user, 1)).toBe(targets.get(user))
    expect(new Set(targets.values()).size).toBeGreaterThan(1)
  })

  it('takes the other input where the first is missing', async () => {
    // The value counts, not where it comes from: the rings of both upstreams are alike.
    for (const user of USERS)
      expect(await ask(`/fallback?who=${user}`)).toBe(await ask(`/argument?who=${user}`))
  })

  it('gives a client without the cookie one that leads back to where it was', async () => {
    for (let client = 0; client < 12; client += 1) {
      const first = await fetch(`${gateway.url}/cookie`)
      const [given = ''] = first.headers.getSetCookie()
      expect(given).toMatch(/^sid=[\da-f-]{36}; Path=\/cookie; Same-Site=Lax; HttpOnly$/)
      const again = await fetch(`${gateway.url}/cookie`, {
        headers: { cookie: given.split(';')[0]! },
      })
      expect(await again.text()).toBe(await first.text())
      expect(again.headers.getSetCookie()).toEqual([])
    }
  })

  it('asks the target under the name that the upstream has for it', async () => {
    const response = await fetch(`${gateway.url}/path`)
    expect(response.headers.get('x-saw-host')).toMatch(/^path\.test:\d+$/)
  })
})
