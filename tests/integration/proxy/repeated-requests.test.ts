import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { connectRaw } from '../../support/raw-client.ts'
import { startGateway } from '../../support/start-gateway.ts'
import { startUpstream } from '../../support/start-upstream.ts'
import { until } from '../../support/until.ts'

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token of a user, another one for each number. */
function tokenOf(user: string, number: number): string {
  const signed = `${part({ alg: 'HS256' })}.${part({ iss: user, jti: 'n'.repeat(number) })}`
  return `${signed}.${createHmac('sha256', `secret of ${user}`).update(signed).digest('base64url')}`
}

const consumer = (user: string) => ({
  username: user,
  jwt_secrets: [{ key: user, secret: `secret of ${user}`, algorithm: 'HS256' }],
})

type Told = Readonly<Record<string, string | undefined>> | number

/** Sends requests of one head but for the Authorization, and tells what the upstream got of each. */
async function ask(
  routes: readonly object[],
  authorizations: readonly string[],
  extra = '',
  settings: Readonly<Record<string, string>> = {},
): Promise<readonly Told[]> {
  await using upstream = await startUpstream((request, response) =>
    response.end(JSON.stringify({ ...request.headers, path: request.url })),
  )
  const config = {
    _format_version: '3.0',
    services: [{ name: 's', url: upstream.url, routes }],
    consumers: [consumer('ann'), consumer('bob')],
  }
  await using gateway = await startGateway(config, { nginx_worker_processes: '1', ...settings })
  using client = await connectRaw(gateway.port)
  const told: Told[] = []
  for (const authorization of authorizations) {
    const before = client.text.length
    client.send(
      `GET /a/b HTTP/1.1\r\nHost: shop.test\r\nAuthorization: ${authorization}\r\nX-Last: 1\r\n${extra}\r\n`,
    )
    await client.sees(new RegExp(`^[^]{${before}}HTTP/1.1 [^]*\\r\\n\\r\\n\\{[^]*\\}`))
    const answer = client.text.slice(before)
    const status = Number(answer.slice(9, 12))
    told.push(status === 200 ? (JSON.parse(answer.slice(answer.indexOf('{'))) as Told) : status)
  }
  return told
}

const JWT = { name: 'jwt', config: { key_claim_name: 'iss' } }

describe('requests of one connection that differ in their tokens', () => {
  it('are each their own user’s, with their own token for the upstream', async () => {
    const users = ['ann', 'ann', 'ann', 'bob', 'ann', 'bob', 'bob', 'bob', 'ann']
    const tokens = users.map((user, index) => tokenOf(user, index))
    const told = await ask(
      [{ name: 'r', paths: ['/a'], plugins: [JWT] }],
      tokens.map((token) => `Bearer ${token}`),
    )
    expect(told).toEqual(
      users.map((user, index) =>
        expect.objectContaining({
          authorization: `Bearer ${tokens[index]}`,
          'x-consumer-username': user,
          'x-last': '1',
        }),
      ),
    )
  })

  it('are refused where a token is another’s in part, and go on where the next is good', async () => {
    const good = Array.from({ length: 3 }, (_, index) => tokenOf('ann', index))
    const forged = [...good[2]!.split('.').slice(0, 2), tokenOf('bob', 2).split('.')[2]].join('.')
    const told = await ask(
      [{ name: 'r', paths: ['/a'], plugins: [JWT] }],
      [...good, forged, tokenOf('ann', 5)].map((token) => `Bearer ${token}`),
    )
    expect(told.map((one) => typeof one === 'number')).toEqual([false, false, false, true, false])
    expect(told[3]).toBe(401)
  })

  it('reach no upstream with a token where it is hidden', async () => {
    const plugin = { ...JWT, config: { ...JWT.config, hide_credentials: true } }
    const told = await ask(
      [{ name: 'r', paths: ['/a'], plugins: [plugin] }],
      [0, 1, 2, 3, 4].map((number) => `Bearer ${tokenOf('ann', number)}`),
    )
    for (const one of told) {
      expect(one).toMatchObject({ 'x-consumer-username': 'ann' })
      expect(one).not.toHaveProperty('authorization')
    }
  })

  it('take the token out where Connection names its field', async () => {
    const told = await ask(
      [{ name: 'r', paths: ['/a'] }],
      ['Bearer a', 'Bearer b', 'Bearer c', 'Bearer dd'],
      'Connection: keep-alive, authorization\r\n',
    )
    for (const one of told) {
      expect(one).toMatchObject({ 'x-last': '1' })
      expect(one).not.toHaveProperty('authorization')
    }
  })

  it('go where their tokens lead them', async () => {
    const routes = [
      { name: 'plain', paths: ['/a'] },
      {
        name: 'special',
        paths: ['/a'],
        headers: { authorization: ['Bearer two', 'Bearer four'] },
        plugins: [{ name: 'request-termination', config: { status_code: 418, body: '{}' } }],
      },
    ]
    const tokens = ['zero', 'one', 'two', 'three', 'four', 'two', 'five', 'six', 'four']
    const told = await ask(
      routes,
      tokens.map((token) => `Bearer ${token}`),
    )
    expect(told.map((one) => (typeof one === 'number' ? one : one['authorization']))).toEqual([
      'Bearer zero',
      'Bearer one',
      418,
      'Bearer three',
      418,
      418,
      'Bearer five',
      'Bearer six',
      418,
    ])
  })

  it('are stripped of what their tokens’ part of one route matched', async () => {
    const expression =
      '(http.path ^= "/a/b" && http.headers.authorization == "Bearer two") || http.path ^= "/a"'
    const told = await ask(
      [{ name: 'r', expression, strip_path: true }],
      ['zero', 'one', 'two', 'three', 'two', 'four'].map((token) => `Bearer ${token}`),
      '',
      { router_flavor: 'expressions' },
    )
    expect(told.map((one) => (one as { path?: string }).path)).toEqual([
      '/b',
      '/b',
      '/',
      '/b',
      '/',
      '/b',
    ])
  })
})

describe('equal requests of one connection', () => {
  it('are logged and passed on with the client that the settings in force believe in', async () => {
    await using upstream = await startUpstream((request, response) =>
      response.end(`from ${request.headers['x-real-ip']}.`),
    )
    const settings = {
      nginx_worker_processes: '1',
      trusted_ips: '127.0.0.0/8',
      proxy_access_log: 'logs/access.log',
    }
    const services = [{ name: 's', url: upstream.url, routes: [{ name: 'r', paths: ['/'] }] }]
    await using gateway = await startGateway({ _format_version: '3.0', services }, settings)
    const headers = { 'x-real-ip': '192.0.2.1', 'x-forwarded-for': '192.0.2.2' }
    using client = await connectRaw(gateway.port)
    const ask = async (target: string, ip: string): Promise<void> => {
      const { length } = client.text
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
      client.send(`GET ${target} HTTP/1.1\r\nHost: shop.test\r\n${lines.join('')}\r\n`)
      await client.sees(new RegExp(`^[^]{${length}}[^]*from ${ip}\\.`))
    }
    for (let turn = 0; turn < 3; turn += 1) await ask('/', '192.0.2.1')
    gateway.writeSettings({ ...settings, real_ip_header: 'X-Forwarded-For' })
    gateway.signal('SIGHUP')
    await until(
      async () => (await (await fetch(gateway.url, { headers })).text()) === 'from 192.0.2.2.',
    )
    await ask('/', '192.0.2.2')
    await ask('/last', '192.0.2.2')
    const log = (): string[] =>
      readFileSync(path.join(gateway.prefix, 'logs', 'access.log'), 'utf8')
        .trim()
        .split('\n')
    await until(() => log().at(-1)!.includes('/last'))
    expect(log().at(-2)).toMatch(/^192\.0\.2\.2 /)
  })
})
