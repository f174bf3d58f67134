import { describe, expect, it } from 'vitest'
import { createCatalog } from '../entities/create-catalog.ts'
import { string, foreign } from '../schema/field.ts'
import type { EntityKind } from '../entities/entity.ts'
import { readRecord } from './read-record.ts'

const KEYS: EntityKind = {
  name: 'door_keys',
  fields: {
    id: string({ auto: true, uuid: true }),
    consumer: foreign('consumers', { required: true }),
    key: string({ required: true, unique: true }),
    color: string({ one_of: ['red', 'blue'], default: 'red' }),
    secret: string({ auto: false }),
  },
  transformations: [
    { input: ['secret'], onWrite: ({ secret }) => ({ secret: `#${String(secret)}` }) },
  ],
}

const PLUGIN = {
  name: 'doors',
  config: { type: 'record', required: true, fields: {} },
  checks: [],
  protocols: { allowed: [], default: [] },
  not: [],
  entities: [KEYS],
} as const

const RULES = {
  catalog: createCatalog([PLUGIN], { flavor: 'traditional_compatible' }),
  idOf: (kind: string, name: string) =>
    `00000000-0000-4000-8000-${Buffer.from(kind[0]! + name)
      .toString('hex')
      .padStart(12, '0')}`,
  now: () => 1_700_000_000_000,
}
const QUESTION = { kind: 'door_keys', field: 'key', value: 'k1' }
const read = (answer: unknown) => readRecord(answer, QUESTION, RULES)

describe('readRecord', () => {
  it('completes consumer and credential as the Admin API does', () => {
    const record = read({ consumer: { username: 'ada' }, credential: {}, groups: ['staff'] })
    expect(record.groups).toEqual(['staff'])
    expect(record.consumer).toMatchObject({ username: 'ada', custom_id: null, tags: null })
    expect(record.consumer.id).toBe(RULES.idOf('consumers', 'ada'))
    expect(record.credential).toMatchObject({
      key: 'k1',
      color: 'red',
      consumer: { id: record.consumer.id },
    })
  })

  it('gives the same consumer the same id, whichever credential it comes with', () => {
    const answer = { consumer: { custom_id: '7' }, credential: {} }
    const other = readRecord(answer, { ...QUESTION, value: 'k2' }, RULES)
    expect(other.consumer.id).toBe(read(answer).consumer.id)
    expect(other.credential!.id).not.toBe(read(answer).credential!.id)
  })

  it('takes null for absent, as it comes from a database', () => {
    const answer = {
      consumer: { username: 'ada', custom_id: null },
      credential: { color: null, key: null },
      groups: null,
    }
    expect(read(answer)).toMatchObject({ credential: { color: 'red', key: 'k1' }, groups: [] })
  })

  it('runs what is run over rows that are written, unless they are said to be ready', () => {
    const answer = { consumer: { username: 'ada' }, credential: { secret: 's' } }
    expect(read(answer).credential).toMatchObject({ secret: '#s' })
    expect(read({ ...answer, _transform: false }).credential).toMatchObject({ secret: 's' })
  })

  it('reads a consumer alone', () => {
    const question = { kind: 'consumers', field: 'username', value: 'ada' }
    const record = readRecord({ consumer: { custom_id: '7' } }, question, RULES)
    expect(record).toMatchObject({ consumer: { username: 'ada', custom_id: '7' } })
    expect(record.credential).toBeUndefined()
  })

  it.each([
    ['no object', 'text', 'it is not an object'],
    ['no consumer', { credential: {} }, '"consumer" must be an object'],
    ['no credential', { consumer: { username: 'ada' } }, '"credential" must be an object'],
    [
      'a consumer without a name',
      { consumer: {}, credential: {} },
      "consumers: at least one of these fields must be non-empty: 'custom_id', 'username'",
    ],
    [
      "another's credential",
      { consumer: { username: 'ada' }, credential: { key: 'K1' } },
      'its "key" is not the one that was asked for',
    ],
    [
      'a field of a wrong value',
      { consumer: { username: 'ada' }, credential: { color: 'green' } },
      'door_keys.color: expected one of: red, blue',
    ],
    [
      'an unknown field',
      { consumer: { username: 'ada' }, credential: { hue: 1 } },
      'door_keys.hue: unknown field',
    ],
    [
      'an unknown member',
      { consumer: { username: 'ada' }, credential: {}, group: [] },
      'unknown member "group"',
    ],
    [
      'groups that are no list',
      { consumer: { username: 'ada' }, credential: {}, groups: 'staff' },
      '"groups" must be a list of texts',
    ],
  ])('refuses %s, without showing a value', (_, answer, why) => {
    expect(() => read(answer)).toThrow(`the answer about a key of door_keys is refused: ${why}`)
    expect(() => read(answer)).toThrow(expect.objectContaining({ isOutage: false }))
    expect(() => read(answer)).not.toThrow(/green|K1|k1/)
  })
})
