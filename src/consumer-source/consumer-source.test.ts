import { describe, expect, it } from 'vitest'
import type { Consumer } from '../entities/entity.ts'
import { rememberingSource, type SourceLimits } from './consumer-source.ts'
import { SourceFault, type Ask, type Question } from './question.ts'
import type { SourceRecord } from './read-record.ts'

const LIMITS: SourceLimits = {
  ttlMs: 60_000,
  negTtlMs: 10_000,
  staleMs: 300_000,
  entries: 100,
  timeoutMs: 60_000,
  questions: 10,
  vainOfOneClient: 0,
  vainOfAll: 0,
}

/** A record about whom was asked for; a real source's answer is checked elsewhere. */
function recordOf(answer: unknown, { kind, value }: Question): SourceRecord {
  const consumer = { id: `of ${value}`, username: value, custom_id: null } as Consumer
  const credential = kind === 'consumers' ? undefined : { id: value, answer }
  return { consumer, credential, groups: [`group of ${value}`] }
}

/** A source over a function, with a clock that only the test moves. */
function setUp(ask: Ask, limits: Partial<SourceLimits> = {}) {
  const asked: string[] = []
  const logged: string[] = []
  const clock = { now: 1_000_000 }
  const source = rememberingSource({
    ask: (question, signal) => {
      asked.push(question.value)
      return ask(question, signal)
    },
    kinds: new Set(['jwt_secrets', 'consumers']),
    read: recordOf,
    limits: { ...LIMITS, ...limits },
    now: () => clock.now,
    log: { error: (message) => logged.push(message), notice: (message) => logged.push(message) },
  })
  const find = (value: string) => source.find('jwt_secrets', 'key', value)
  const kindOf = async (value: string) => (await find(value)).kind
  return { source, asked, logged, clock, find, kindOf }
}

const knowing: Ask = async () => ({})
const ignorant: Ask = async () => undefined

function failing(): never {
  throw new Error('connection refused')
}

describe('rememberingSource', () => {
  it('gives what it remembers at once, and asks again when its time is over', async () => {
    const { asked, clock, find } = setUp(knowing)
    expect(find('ada')).toBeInstanceOf(Promise)
    await find('ada')
    expect(find('ada')).toMatchObject({ kind: 'found', consumer: { username: 'ada' } })
    clock.now += 59_999
    expect(find('ada')).not.toBeInstanceOf(Promise)
    clock.now += 1
    await find('ada')
    expect(asked).toEqual(['ada', 'ada'])
  })

  it('remembers that there is none, for a time of its own', async () => {
    const { asked, clock, find, kindOf } = setUp(ignorant)
    expect(await kindOf('eve')).toBe('none')
    clock.now += 9_999
    expect(find('eve')).toEqual({ kind: 'none' })
    clock.now += 1
    expect(await kindOf('eve')).toBe('none')
    expect(asked).toEqual(['eve', 'eve'])
  })

  it('asks once for all who want the same at the same time', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    const { asked, find } = setUp(() => promise)
    const answers = Promise.all([find('ada'), find('ada'), find('ada')])
    resolve({})
    const [first, second, third] = await answers
    expect(asked).toEqual(['ada'])
    expect(second).toBe(first)
    expect(third).toBe(first)
  })

  it('asks no more questions at a time than it may', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    const { find } = setUp(() => promise, { questions: 2 })
    const [ada, ben] = [find('ada'), find('ben')]
    expect(find('cyd')).toEqual({ kind: 'unavailable' })
    resolve({})
    await Promise.all([ada, ben])
    expect(find('cyd')).toBeInstanceOf(Promise)
  })

  it('knows the groups of consumers that came from it, and of no other', async () => {
    const { source, find } = setUp(knowing)
    const answer = await find('ada')
    const consumer = answer.kind === 'found' ? answer.consumer : undefined
    expect(source.groupsOf(consumer!)).toEqual(['group of ada'])
    expect(source.groupsOf({ ...consumer! })).toBeUndefined()
  })

  it('gives up a question that takes too long, and tells whoever works on it', async () => {
    let signal: AbortSignal | undefined
    const hanging: Ask = (_, given) => {
      signal = given
      return new Promise(() => undefined)
    }
    const { kindOf, logged } = setUp(hanging, { timeoutMs: 1 })
    expect(await kindOf('ada')).toBe('unavailable')
    expect(signal?.aborted).toBe(true)
    expect(logged).toEqual(['consumer_source has no answer: nothing came within 1 ms'])
  })

  it('serves what it knew while the source is down, for as long as it may', async () => {
    let isDown = false
    const { clock, kindOf } = setUp(async () => (isDown ? failing() : {}))
    await kindOf('ada')
    isDown = true
    clock.now += 60_000
    expect(await kindOf('ada')).toBe('found')
    expect(await kindOf('ben')).toBe('unavailable')
    clock.now += 300_000
    expect(await kindOf('ada')).toBe('unavailable')
  })

  it('leaves a source alone after five failures, and tries it now and then', async () => {
    let isDown = true
    const { asked, clock, find, kindOf, logged } = setUp(async () => (isDown ? failing() : {}))
    for (const value of 'abcde') expect(await kindOf(value)).toBe('unavailable')
    expect(find('f')).toEqual({ kind: 'unavailable' })
    expect(asked).toHaveLength(5)
    expect(logged.at(-1)).toContain('from now on it is only tried now and then')

    clock.now += 2000
    expect(await kindOf('g')).toBe('unavailable')
    expect(find('h')).toEqual({ kind: 'unavailable' })
    expect(asked).toHaveLength(6)

    isDown = false
    clock.now += 2000
    expect(await kindOf('i')).toBe('found')
    expect(await kindOf('j')).toBe('found')
    expect(logged.at(-1)).toBe('consumer_source answers again')
  })

  it('takes a question that the source cannot answer for no outage', async () => {
    const { asked, kindOf, logged } = setUp(() => {
      throw new SourceFault('two rows', { isOutage: false })
    })
    for (const value of 'abcdefg') expect(await kindOf(value)).toBe('none')
    expect(asked).toHaveLength(7)
    expect(logged).toContain('consumer_source: two rows')
  })

  it.each([
    ['a NUL', 'a\0'],
    ['half a letter', '\ud83d'],
    ['more than 1024 letters', 'x'.repeat(1025)],
  ])('asks nobody for a value with %s', (_, value) => {
    const { asked, find } = setUp(knowing)
    expect(find(value)).toEqual({ kind: 'none' })
    expect(asked).toEqual([])
  })

  it('asks for everything anew once it was told to forget, and ends what was made of it', async () => {
    const { source, asked, find } = setUp(knowing)
    const before = await find('ada')
    expect(before).toMatchObject({ usableUntil: 1060 })
    source.forget()
    expect(before).toMatchObject({ usableUntil: 0 })
    expect(source.sizes).toEqual({ found: 0, none: 0, clients: 0 })
    await find('ada')
    expect(asked).toEqual(['ada', 'ada'])
  })

  it('does not remember an answer to a question from before it was told to forget', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    const { source, asked, find } = setUp(() => promise)
    const early = find('ada')
    source.forget()
    const late = find('ada')
    expect(late).not.toBe(early)
    resolve({})
    await Promise.all([early, late])
    expect(asked).toEqual(['ada', 'ada'])
    expect(source.sizes.found).toBe(1)
  })

  it('forgets one credential, or all that is of one consumer', async () => {
    const { source, find } = setUp(knowing)
    const names = ['ada', 'ben', 'cyd']
    for (const name of names) await find(name)
    await source.find('consumers', 'username', 'ben')
    source.forgetOne('jwt_secrets', 'ada')
    expect(source.sizes.found).toBe(3)
    source.forgetOne('consumers', 'ben')
    expect(source.sizes.found).toBe(1)
    expect(find('cyd')).not.toBeInstanceOf(Promise)
  })

  it('forgets that there was none', async () => {
    const { source, kindOf, asked } = setUp(ignorant)
    await kindOf('new')
    source.forgetOne('jwt_secrets', 'new')
    await kindOf('new')
    expect(asked).toEqual(['new', 'new'])
  })

  it('holds no more users and strangers than it may', async () => {
    const { source, find } = setUp(
      async ({ value }) => (value.startsWith('user') ? {} : undefined),
      { entries: 100 },
    )
    for (let number = 0; number < 1000; number += 1) {
      await find(`user ${number}`)
      await find(`no ${number}`)
    }
    expect(source.sizes).toEqual({ found: 100, none: 100, clients: 0 })
    expect(find('user 999')).toMatchObject({ kind: 'found' })
    expect(find('no 999')).toEqual({ kind: 'none' })
  })

  it('does not ask for one client as often as he likes, and lets the others in', async () => {
    const { source, asked, clock, logged } = setUp(
      async ({ value }) => (value.startsWith('user') ? {} : undefined),
      { vainOfOneClient: 60 },
    )
    const kindFor = async (client: string, value: string) =>
      (await source.find('jwt_secrets', 'key', value, client)).kind
    for (let at = 0; at < 60; at += 1) expect(await kindFor('10.0.0.1', `guess ${at}`)).toBe('none')
    expect(await kindFor('10.0.0.1', 'guess 60')).toBe('unavailable')
    expect(await kindFor('10.0.0.1', 'user 1')).toBe('unavailable')
    expect(asked).toHaveLength(60)
    expect(logged).toEqual([
      'consumer_source: 10.0.0.1 came with too many unknown credentials, and must wait',
    ])
    // What is remembered, found or not, is not asked for.
    expect(await kindFor('10.0.0.1', 'guess 0')).toBe('none')
    expect(await kindFor('10.0.0.2', 'user 1')).toBe('found')
    expect(await kindFor('10.0.0.1', 'user 1')).toBe('found')
    clock.now += 2000
    expect(await kindFor('10.0.0.1', 'user 2')).toBe('found')
    expect(await kindFor('10.0.0.1', 'guess 61')).toBe('none')
    expect(await kindFor('10.0.0.1', 'guess 62')).toBe('none')
    expect(await kindFor('10.0.0.1', 'guess 63')).toBe('unavailable')
    expect(logged).toHaveLength(1)
  })

  it('asks for any number of users of one client, since each of them is found', async () => {
    const { source, asked } = setUp(knowing, { vainOfOneClient: 1, vainOfAll: 1, entries: 1000 })
    for (let at = 0; at < 20_000; at += 1)
      await source.find('jwt_secrets', 'key', String(at), '10.0.0.1')
    expect(asked).toHaveLength(20_000)
    expect(source.sizes).toEqual({ found: 1000, none: 0, clients: 1 })
  })

  it('asks the source a bounded number of times whatever a million clients bring', async () => {
    const { source, asked, clock } = setUp(
      async ({ value }) => (value.startsWith('user') ? {} : undefined),
      { vainOfOneClient: 300, vainOfAll: 6000, entries: 1000 },
    )
    await source.find('jwt_secrets', 'key', 'user', 'good')
    for (let at = 0; at < 1_000_000; at += 1)
      await source.find('jwt_secrets', 'key', `guess ${at}`, `client ${at}`)
    expect(asked).toHaveLength(1 + 6000)
    expect(source.sizes.found + source.sizes.none).toBeLessThanOrEqual(2000)
    expect(source.sizes.clients).toBeLessThanOrEqual(10_000)
    // One that was found there keeps the way open; whoever is vouched for never needs it.
    await source.find('jwt_secrets', 'key', 'good', 'good')
    for (let at = 0; at < 3000; at += 1)
      await source.find('jwt_secrets', 'key', `flood ${at}`, `new client ${at}`)
    expect(asked).toHaveLength(1 + 6000)
    expect((await source.find('consumers', 'id', 'user 1')).kind).toBe('found')
    clock.now += 60_000
    expect((await source.find('jwt_secrets', 'key', 'user 2', 'stranger')).kind).toBe('found')
  })

  it('lets one client have a part of the questions that may be on their way', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    const { source } = setUp(() => promise, { questions: 8 })
    const find = (client: string, value: string) => source.find('jwt_secrets', 'key', value, client)
    const asked: unknown[] = [find('a', '1'), find('a', '2')]
    expect(find('a', '3')).toEqual({ kind: 'unavailable' })
    expect(find('a', '1')).toBe(asked[0])
    asked.push(find('b', '3'))
    resolve(undefined)
    await Promise.all(asked)
    expect(find('a', '4')).toBeInstanceOf(Promise)
  })

  it('charges nobody for a source that does not answer', async () => {
    const { source, clock } = setUp(() => failing(), { vainOfOneClient: 2, vainOfAll: 2 })
    for (let at = 0; at < 4; at += 1) await source.find('jwt_secrets', 'key', String(at), 'a')
    clock.now += 1
    expect(source.find('jwt_secrets', 'key', 'more', 'a')).toBeInstanceOf(Promise)
  })
})
