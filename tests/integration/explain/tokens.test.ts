import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'

const SECRET = 'hush-hush-hush-hush-hush-hush-hush'
const FUTURE = 4_000_000_000

const CONFIG = {
  _format_version: '3.0',
  services: [
    {
      name: 'orders',
      url: 'http://127.0.0.1:1',
      plugins: [{ name: 'jwt', config: { claims_to_verify: ['exp'] } }],
      routes: [
        { name: 'read', paths: ['/read'] },
        {
          name: 'write',
          paths: ['/write'],
          plugins: [
            {
              name: 'jwt',
              instance_name: 'writers',
              config: { claims_to_verify: ['exp'], scopes_required: ['orders:write'] },
            },
          ],
        },
      ],
    },
    { name: 'open', url: 'http://127.0.0.1:1', routes: [{ name: 'health', paths: ['/health'] }] },
  ],
  consumers: [{ username: 'ann', jwt_secrets: [{ key: 'anns-key', secret: SECRET }] }],
}

function token(claims: object, secret = SECRET): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const content = `${encode({ alg: 'HS256' })}.${encode(claims)}`
  return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`
}

interface Answered {
  readonly message?: string
  readonly data: readonly {
    readonly plugin: { readonly name: string }
    readonly verdict: string
    readonly code: string
  }[]
}

async function decide(gateway: TestGateway, body: object) {
  const response = await fetch(`${gateway.adminUrl}/explain/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  return { status: response.status, text, body: JSON.parse(text) as Answered }
}

describe('POST /explain/token', () => {
  it('decides as every instance would, and as the one that runs on a route', async () => {
    await using gateway = await startGateway(CONFIG)
    const good = token({ iss: 'anns-key', exp: FUTURE })
    const all = await decide(gateway, { token: `Bearer ${good}` })
    expect(all.status).toBe(200)
    const verdicts = all.body.data.map((one) => [one.plugin.name, one.verdict, one.code])
    expect(verdicts.toSorted()).toEqual([
      ['jwt', 'accepted', 'authenticated'],
      ['writers', 'refused', 'scope-insufficient'],
    ])
    const onRead = await decide(gateway, { token: good, route: 'read' })
    expect(onRead.body.data).toMatchObject([
      { verdict: 'accepted', service: { name: 'orders' }, consumer: { name: 'ann' } },
    ])
    const onWrite = await decide(gateway, { token: good, route: 'write' })
    expect(onWrite.body.data).toMatchObject([
      { verdict: 'refused', status: 403, checks: expect.anything(), fix: expect.any(String) },
    ])
    const named = await decide(gateway, { token: good, plugin: 'writers' })
    expect(named.body.data).toHaveLength(1)
  })

  it('answers what a client would be answered', async () => {
    await using gateway = await startGateway(CONFIG)
    const cases = [
      token({ iss: 'anns-key', exp: 1 }),
      token({ iss: 'anns-ky', exp: FUTURE }),
      token({ iss: 'anns-key', exp: FUTURE }, 'another-secret'),
      token({ exp: FUTURE }),
      'a.b.c',
    ]
    for (const given of cases) {
      const real = await fetch(`${gateway.url}/read`, {
        headers: { authorization: `Bearer ${given}` },
      })
      const { body } = await decide(gateway, { token: given, route: 'read' })
      expect(body.data[0]).toMatchObject({ status: real.status, body: await real.text() })
    }
  })

  it('follows the configuration: what is gone decides nothing any more', async () => {
    await using gateway = await startGateway(CONFIG)
    const given = { token: token({ iss: 'anns-key', exp: FUTURE }) }
    expect((await decide(gateway, given)).body.data).toHaveLength(2)
    const without = { ...CONFIG, services: [] }
    await fetch(`${gateway.adminUrl}/config`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(without),
    })
    expect(await decide(gateway, given)).toMatchObject({
      status: 404,
      body: { message: 'no jwt plugin is configured' },
    })
  })

  it('says what is wrong with the question', async () => {
    await using gateway = await startGateway(CONFIG)
    const asked = async (body: object) => {
      const { status, body: answer } = await decide(gateway, body)
      return [status, answer.message]
    }
    expect(await asked({})).toEqual([400, 'token: the token to decide about is missing'])
    expect(await asked({ token: 'x', rute: 'read' })).toEqual([
      400,
      'rute: unknown field; known are token, plugin, route and service',
    ])
    expect(await asked({ token: 'x', route: 'rd' })).toEqual([404, 'there is no route "rd"'])
    expect(await asked({ token: 'x', route: 'health' })).toEqual([
      404,
      'no jwt plugin runs on route "health"',
    ])
    expect(await asked({ token: 'x', plugin: 'p' })).toEqual([404, 'there is no jwt plugin "p"'])
  })

  it('repeats neither signature nor secret, and is no address of Kong', async () => {
    await using gateway = await startGateway(CONFIG)
    for (const given of [
      token({ iss: 'anns-key', exp: FUTURE, mail: 'ann@private.test' }),
      token({ iss: 'anns-key', exp: FUTURE }, 'another-secret'),
    ]) {
      const { text } = await decide(gateway, { token: given })
      for (const secret of [given.split('.')[2]!, SECRET, 'another-secret', 'ann@private.test'])
        expect(text).not.toContain(secret)
    }
    const endpoints = await fetch(`${gateway.adminUrl}/endpoints`)
    expect(await endpoints.text()).not.toContain('explain')
  })
})
