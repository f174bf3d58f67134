import { describe, expect, it } from 'vitest'
import { askHttp } from '../../../src/consumer-source/ask-http.ts'
import { askPostgres } from '../../../src/consumer-source/ask-postgres.ts'
import { hasPostgres } from '../../support/start-postgres.ts'
import { startUpstream } from '../../support/start-upstream.ts'
import { startUserDatabase, type UserDatabase } from './user-database.ts'

const { signal } = new AbortController()
const QUESTION = { kind: 'keyauth_credentials', field: 'key', value: 'key-of-ada' }

describe('askHttp', () => {
  async function ask(status: number, body = '', headers = {}): Promise<unknown> {
    await using server = await startUpstream(
      (_, response) => void response.writeHead(status, headers).end(body),
    )
    return await askHttp(new URL(server.url), undefined)(QUESTION, signal)
  }

  it('gives the JSON of a 200, and nothing for 204 and 404', async () => {
    expect(await ask(200, '{"consumer":{}}')).toEqual({ consumer: {} })
    expect(await ask(204)).toBeUndefined()
    expect(await ask(404, 'no such user')).toBeUndefined()
  })

  it.each([
    [500, true],
    [503, true],
    [429, true],
    [401, true],
    [403, true],
    [400, false],
    [422, false],
  ])('takes a %i for a fault, of all questions: %s', async (status, isOutage) => {
    await expect(ask(status, 'key-of-ada')).rejects.toMatchObject({
      message: `the server answered ${status}`,
      isOutage,
    })
  })

  it.each([
    ['what is no JSON', 'key-of-ada', 'an answer is no JSON'],
    ['what nobody needs for one consumer', `"${'x'.repeat(70_000)}"`, 'longer than 65536 bytes'],
  ])('refuses %s, without showing it', async (_, body, why) => {
    await expect(ask(200, body)).rejects.toThrow(why)
    await expect(ask(200, body)).rejects.not.toThrow('key-of-ada')
  })

  it('goes nowhere else', async () => {
    await using elsewhere = await startUpstream()
    await expect(ask(307, '', { location: elsewhere.url })).rejects.toThrow('answered 307')
    expect(elsewhere.requests).toEqual([])
  })

  it('says why a server cannot be asked', async () => {
    await using server = await startUpstream()
    const url = new URL(server.url)
    await server[Symbol.asyncDispose]()
    await expect(askHttp(url, undefined)(QUESTION, signal)).rejects.toMatchObject({
      message: expect.stringContaining('ECONNREFUSED'),
      isOutage: true,
    })
  })
})

describe.skipIf(!hasPostgres())('askPostgres', () => {
  async function ask(
    { url }: Pick<UserDatabase, 'url'>,
    query: string,
    question = QUESTION,
  ): Promise<unknown> {
    const queries = new Map([
      ['keyauth_credentials', query],
      ['consumers', query],
    ])
    return (await askPostgres({ url, queries, connections: 1, timeoutMs: 30_000 }))(
      question,
      signal,
    )
  }

  it('gives the columns of a row to whom they belong', async () => {
    await using database = await startUserDatabase()
    const query = `select k.key, u.name as consumer_username, u.id::int as consumer_custom_id, u.roles as groups
      from api_keys k join users u on u.id = k.owner where k.key = $1`
    expect(await ask(database, query)).toEqual({
      consumer: { username: 'ada', custom_id: '1' },
      credential: { key: 'key-of-ada' },
      groups: ['staff', 'users'],
    })
    expect(await ask(database, query, { ...QUESTION, value: 'guessed' })).toBeUndefined()
    expect(await ask(database, query, { ...QUESTION, kind: 'jwt_secrets' })).toBeUndefined()
  })

  it('tells the query the field, where it wants to know', async () => {
    await using database = await startUserDatabase()
    const query = `select name as username, id as custom_id from users
      where case $2 when 'username' then name when 'custom_id' then id::text end = $1`
    const question = { kind: 'consumers', field: 'custom_id', value: '2' }
    expect(await ask(database, query, question)).toEqual({
      consumer: { username: 'ben', custom_id: '2' },
    })
  })

  it.each([
    [
      'fails',
      'select secrets from api_keys where key = $1',
      'column "secrets" does not exist (42703)',
      true,
    ],
    [
      'does not suit a value',
      'select key from api_keys where owner = $1::bigint',
      'a value does not fit the query (22P02)',
      false,
    ],
    [
      'finds several',
      'select key from api_keys where key <> $1',
      '2 rows for one key of keyauth_credentials, must be one',
      false,
    ],
  ])('says why when a query %s, without a value', async (_, query, why, isOutage) => {
    await using database = await startUserDatabase()
    await expect(ask(database, query)).rejects.toMatchObject({
      message: `PostgreSQL: ${why}`,
      isOutage,
    })
  })

  it('says why a server cannot be asked', async () => {
    await using server = await startUpstream()
    const url = `postgres://kong:word@127.0.0.1:${server.port}/users`
    await server[Symbol.asyncDispose]()
    await expect(ask({ url }, 'select $1')).rejects.toMatchObject({
      message: expect.stringMatching(/^PostgreSQL: .*ECONNREFUSED/),
      isOutage: true,
    })
    await expect(ask({ url }, 'select $1')).rejects.not.toThrow('word')
  })
})
