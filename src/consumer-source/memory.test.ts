import { describe, expect, it } from 'vitest'
import type { Consumer } from '../entities/entity.ts'
import { NONE, SourceMemory } from './memory.ts'

const LIMITS = { ttlMs: 60_000, negTtlMs: 10_000, staleMs: 0, entries: 10_000 }

const recordOf = (username: string) => ({
  consumer: { id: username, username, custom_id: null } as Consumer,
  credential: undefined,
  groups: [],
})

describe('SourceMemory', () => {
  it('holds as much of a million users as of ten thousand', () => {
    const memory = new SourceMemory(LIMITS, () => 0)
    for (let number = 0; number < 1_000_000; number += 1) {
      memory.remember(`user ${number}`, memory.begin(recordOf(`user ${number}`)))
      memory.remember(`stranger ${number}`, NONE)
    }
    expect(memory.sizes).toEqual({ found: 10_000, none: 10_000 })
    expect(memory.find('user 999999')).toMatchObject({ consumer: { username: 'user 999999' } })
    expect(memory.find('user 989999')).toBeUndefined()
    expect(memory.find('stranger 999999')).toBe(NONE)
  })

  it('lets go of what was not used lately, and ends it', () => {
    const memory = new SourceMemory({ ...LIMITS, entries: 2 }, () => 0)
    const [ada, ben, cyd] = ['ada', 'ben', 'cyd'].map((name) => memory.begin(recordOf(name)))
    memory.remember('ada', ada!)
    memory.remember('ben', ben!)
    memory.find('ada')
    memory.remember('cyd', cyd!)
    expect([ada!.usableUntil, ben!.usableUntil]).toEqual([60, 0])
    expect(memory.find('ben')).toBeUndefined()
  })

  it('does not let guesses push users out', () => {
    const memory = new SourceMemory({ ...LIMITS, entries: 2 }, () => 0)
    memory.remember('ada', memory.begin(recordOf('ada')))
    for (let guess = 0; guess < 10; guess += 1) memory.remember(`guess ${guess}`, NONE)
    expect(memory.find('ada')).toMatchObject({ kind: 'found' })
  })
})
