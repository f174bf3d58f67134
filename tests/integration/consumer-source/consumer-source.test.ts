import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import { hasPostgres } from '../../support/start-postgres.ts'
import { startUpstream, type TestUpstream } from '../../support/start-upstream.ts'
import { routesTo, send, withKey, withPassword, withSignature, withToken } from './routes.ts'
import { startUserDatabase } from './user-database.ts'

/** Tells who the gateway said was calling. */
function startEcho(): Promise<TestUpstream> {
  return startUpstream(({ headers }, response) => {
    const name = headers['x-consumer-username'] ?? headers['x-consumer-custom-id']
    response.end(JSON.stringify({ name, groups: headers['x-consumer-groups'] }))
  })
}

const ADA = { status: 200, body: { name: 'ada' } }

/** Of a user whose secrets are made of the name. */
async function expectAllWays(gateway: TestGateway): Promise<void> {
  expect(await send(gateway, '/jwt', withToken('ada', 'jwt-of-ada'))).toEqual(ADA)
  expect(await send(gateway, '/key', withKey('key-of-ada'))).toEqual(ADA)
  expect(await send(gateway, '/basic', withPassword('ada', 'pass-of-ada'))).toEqual(ADA)
  expect(await send(gateway, '/hmac', withSignature('ada', 'hmac-of-ada'))).toEqual(ADA)
  const { status, body } = await send(gateway, '/staff', withKey('key-of-ada'))
  expect([status, body]).toEqual([200, { name: 'ada', groups: 'staff, users' }])

  const refused = [
    await send(gateway, '/jwt', withToken('ada', 'guessed')),
    await send(gateway, '/jwt', withToken('eve', 'jwt-of-ada')),
    await send(gateway, '/key', withKey('key-of-eve')),
    await send(gateway, '/basic', withPassword('ada', 'guessed')),
    await send(gateway, '/basic', withPassword('eve', 'pass-of-ada')),
    await send(gateway, '/hmac', withSignature('ada', 'guessed')),
    await send(gateway, '/hmac', withSignature('eve', 'hmac-of-ada')),
  ]
  expect(refused.map((reply) => reply.status)).toEqual([401, 401, 401, 401, 401, 401, 401])
  expect(await send(gateway, '/staff', withKey('key-of-ben'))).toMatchObject({ status: 403 })
}

describe('a function as consumer_source', () => {
  const FUNCTION = `
    interface Question { readonly kind: string; readonly field: string; readonly value: string }
    const users = new Map([['ada', ['staff', 'users']], ['ben', ['users']]])
    const credentials = {
      jwt_secrets: (name: string) => [name, { secret: 'jwt-of-' + name }],
      keyauth_credentials: (name: string) => ['key-of-' + name, {}],
      basicauth_credentials: (name: string) => [name, { password: 'pass-of-' + name }],
      hmacauth_credentials: (name: string) => [name, { secret: 'hmac-of-' + name }],
    }
    export async function findConsumer({ kind, value }: Question) {
      for (const [username, groups] of users) {
        const [known, credential] = credentials[kind](username)
        if (known === value) return { consumer: { username }, credential, groups }
      }
      return undefined
    }`

  function write(content: string) {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-source-'))
    const file = path.join(folder, 'users.ts')
    writeFileSync(file, content)
    return { file, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
  }

  it('makes users consumers for every way to authenticate, with their groups', async () => {
    using source = write(FUNCTION)
    await using echo = await startEcho()
    await using gateway = await startGateway(routesTo(echo.url), { consumer_source: source.file })
    await expectAllWays(gateway)
  })

  it('must be one', async () => {
    using source = write('export const other = 1')
    const start = startGateway(routesTo('http://127.0.0.1:1'), { consumer_source: source.file })
    await expect(start).rejects.toThrow('it exports no function findConsumer')
  })
})

/** A server of users; `answer` may be swapped. */
async function startUsers() {
  const questions: { readonly kind: string; readonly value: string }[] = []
  const tokens = new Set<string | undefined>()
  const users = new Map([['key-of-ada', 'ada']])
  const state = {
    answer(value: string, response: ServerResponse): void {
      const username = users.get(value)
      if (username === undefined) response.writeHead(404).end()
      else response.end(JSON.stringify({ consumer: { username }, credential: {} }))
    },
  }
  const server = await startUpstream((request: IncomingMessage, response) => {
    tokens.add(request.headers.authorization)
    void text(request).then((body) => {
      const question = JSON.parse(body) as (typeof questions)[number]
      questions.push(question)
      state.answer(question.value, response)
    })
  })
  return Object.assign(server, { questions, tokens, users, state })
}

describe('a server as consumer_source', () => {
  it('is asked once by each worker, in a body, with a token', async () => {
    await using echo = await startEcho()
    await using users = await startUsers()
    await using gateway = await startGateway(routesTo(echo.url), {
      consumer_source: `${users.url}/users`,
      consumer_source_token: 'of-the-gateway',
      nginx_worker_processes: '1',
    })
    for (let round = 0; round < 3; round += 1) {
      expect(await send(gateway, '/key', withKey('key-of-ada'))).toEqual(ADA)
      expect(await send(gateway, '/key', withKey('guessed'))).toMatchObject({ status: 401 })
    }
    expect(users.requests).toEqual(['POST /users', 'POST /users'])
    expect(users.questions).toEqual([
      { kind: 'keyauth_credentials', field: 'key', value: 'key-of-ada' },
      { kind: 'keyauth_credentials', field: 'key', value: 'guessed' },
    ])
    expect([...users.tokens]).toEqual(['Bearer of-the-gateway'])
  })

  it('is asked again in every worker once the Admin API was told to forget', async () => {
    await using echo = await startEcho()
    await using users = await startUsers()
    await using gateway = await startGateway(routesTo(echo.url), {
      consumer_source: users.url,
      nginx_worker_processes: '2',
    })
    const statuses = async (key: string) => {
      const replies = Array.from({ length: 20 }, () => send(gateway, '/key', withKey(key)))
      return [...new Set((await Promise.all(replies)).map(({ status }) => status))]
    }
    const forget = (name: string) =>
      fetch(`${gateway.adminUrl}/cache${name}`, { method: 'DELETE' }).then(({ status }) => status)

    expect(await statuses('key-of-ada')).toEqual([200])
    users.users.delete('key-of-ada')
    expect(await statuses('key-of-ada')).toEqual([200])
    expect(await forget('/keyauth_credentials:key-of-ada:::::')).toBe(204)
    expect(await statuses('key-of-ada')).toEqual([401])

    users.users.set('key-of-ada', 'ada')
    expect(await statuses('key-of-ada')).toEqual([401])
    expect(await forget('')).toBe(204)
    expect(await statuses('key-of-ada')).toEqual([200])

    users.users.delete('key-of-ada')
    expect(await forget('/consumers:ada')).toBe(204)
    expect(await statuses('key-of-ada')).toEqual([401])

    const odd = 'key/of::ada?'
    users.users.set(odd, 'ada')
    expect(await statuses(odd)).toEqual([200])
    users.users.delete(odd)
    expect(await forget(`/keyauth_credentials:${encodeURIComponent(odd)}`)).toBe(204)
    expect(await statuses(odd)).toEqual([401])
  })

  it('that is down lets those in who were known, and answers the others 503', async () => {
    await using echo = await startEcho()
    await using users = await startUsers()
    await using gateway = await startGateway(routesTo(echo.url), {
      consumer_source: users.url,
      consumer_source_ttl: '0',
      nginx_worker_processes: '1',
    })
    expect(await send(gateway, '/key', withKey('key-of-ada'))).toEqual(ADA)
    users.state.answer = (_, response) => void response.writeHead(500).end('secret stack')
    expect(await send(gateway, '/key', withKey('key-of-ada'))).toEqual(ADA)
    expect(await send(gateway, '/key', withKey('key-of-ben'))).toEqual({
      status: 503,
      body: expect.objectContaining({ message: 'Cannot look up credentials now' }),
    })
    expect(await send(gateway, '/jwt', withToken('ben', 'x'))).toMatchObject({ status: 503 })
    expect(await send(gateway, '/basic', withPassword('ben', 'x'))).toMatchObject({ status: 503 })
    expect(await send(gateway, '/hmac', withSignature('ben', 'x'))).toMatchObject({ status: 503 })
    await expect
      .poll(() => gateway.errorLog())
      .toContain('consumer_source has no answer: the server answered 500')
    expect(gateway.errorLog()).not.toMatch(/key-of-|secret stack/)
  })
})

describe.skipIf(!hasPostgres())('PostgreSQL as consumer_source', () => {
  const OWNER = 'u.name as consumer_username, u.roles as groups'
  const QUERIES = {
    consumer_source_query_keyauth_credentials: `select k.key, ${OWNER} from api_keys k join users u on u.id = k.owner where k.key = $1`,
    consumer_source_query_jwt_secrets: `select 'jwt-of-' || u.name as secret, ${OWNER} from users u where u.name = $1`,
    consumer_source_query_basicauth_credentials: `select 'pass-of-' || u.name as password, ${OWNER} from users u where u.name = $1`,
    consumer_source_query_hmacauth_credentials: `select 'hmac-of-' || u.name as secret, ${OWNER} from users u where u.name = $1`,
  }

  it('makes users consumers for every way to authenticate, with their groups', async () => {
    await using database = await startUserDatabase()
    await using echo = await startEcho()
    await using gateway = await startGateway(routesTo(echo.url), {
      consumer_source: database.url,
      ...QUERIES,
    })
    await expectAllWays(gateway)
    await database.run('delete from api_keys')
    expect(await send(gateway, '/key', withKey('key-of-ada'))).toEqual(ADA)
    await fetch(`${gateway.adminUrl}/cache`, { method: 'DELETE' })
    expect((await send(gateway, '/key', withKey('key-of-ada'))).status).toBe(401)
  })

  it('is asked by the queries that there are', async () => {
    await using database = await startUserDatabase()
    await using echo = await startEcho()
    const { consumer_source_query_jwt_secrets: query } = QUERIES
    await using gateway = await startGateway(routesTo(echo.url), {
      consumer_source: database.url,
      consumer_source_query_jwt_secrets: query,
    })
    expect(await send(gateway, '/jwt', withToken('ada', 'jwt-of-ada'))).toEqual(ADA)
    expect((await send(gateway, '/key', withKey('key-of-ada'))).status).toBe(401)
  })

  it('takes a hostile key for a value', async () => {
    await using database = await startUserDatabase()
    await using echo = await startEcho()
    await using gateway = await startGateway(routesTo(echo.url), {
      consumer_source: database.url,
      ...QUERIES,
    })
    const hostile = "x' or 'a'='a'; delete from api_keys; --"
    expect((await send(gateway, '/key', withKey(hostile))).status).toBe(401)
    const { rows } = await database.run('select count(*)::int as keys from api_keys')
    expect(rows).toEqual([{ keys: 3 }])
  })
})
