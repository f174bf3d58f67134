import { describe, expect, it } from 'vitest'
import { consumerSourcePlace, consumerSourceProblems } from './consumer-source.ts'
import type { Settings } from './settings.ts'

const JWT_QUERY = { consumer_source_query_jwt_secrets: 'select secret from keys where key = $1' }
const problemsOf = (settings: Readonly<Record<string, string>>): readonly string[] =>
  consumerSourceProblems(settings as unknown as Settings, (file) => file === 'users.ts').map(
    ({ message }) => message,
  )

describe('consumerSourcePlace', () => {
  it.each([
    ['postgres://u:p@db/users', 'postgres'],
    ['postgresql://db/users', 'postgres'],
    ['https://users.internal/find', 'http'],
    ['http://127.0.0.1:4000', 'http'],
    ['./users.ts', 'file'],
    ['/etc/portunus/users.js', 'file'],
    ['', undefined],
    ['mysql://db/users', undefined],
  ])('takes %j for %s', (place, kind) => {
    expect(consumerSourcePlace({ consumer_source: place })?.kind).toBe(kind)
  })
})

describe('consumerSourceProblems', () => {
  it.each([
    [{}],
    [{ consumer_source: 'users.ts' }],
    [{ consumer_source: 'https://users.internal', consumer_source_token: 't' }],
    [{ consumer_source: 'postgres://db/users', ...JWT_QUERY }],
  ])('finds none in %j', (settings) => {
    expect(problemsOf(settings as Readonly<Record<string, string>>)).toEqual([])
  })

  it.each([
    [
      { consumer_source: 'mysql://u:word@db/users' },
      'consumer_source: must be a file, or a URL that begins with postgres://, https:// or http://',
    ],
    [{ consumer_source: 'none.ts' }, "consumer_source: no such file at 'none.ts'"],
    [
      { consumer_source: 'postgres://u:word@db/users' },
      'consumer_source: is PostgreSQL and needs a query',
    ],
    [
      { consumer_source: 'postgres://db/users', consumer_source_query_consumers: 'select 1' },
      'consumer_source_query_consumers: must have $1 where the value to look up belongs',
    ],
    [
      { consumer_source: 'https://users.internal', ...JWT_QUERY },
      'consumer_source_query_jwt_secrets: has no use: consumer_source is a server',
    ],
    [{ ...JWT_QUERY }, 'consumer_source_query_jwt_secrets: has no use: consumer_source is not set'],
    [
      { consumer_source: 'users.ts', consumer_source_token: 'word' },
      'consumer_source_token: is for a server at https:// only',
    ],
  ])('finds what is wrong with %j, and shows no secret', (settings, message) => {
    const problems = problemsOf(settings)
    expect(problems).toEqual([expect.stringContaining(message)])
    expect(problems.join()).not.toContain('word')
  })
})
