import { describe, expect, it } from 'vitest'
import type { Entity } from '../entities/entity.ts'
import { CredentialUses } from './credential-uses.ts'

const used = (id: string, atMs: number) => ({
  finishedAtMs: atMs,
  usedCredentialId: undefined,
  credential: { id, entity: { id } as Entity },
})

describe('CredentialUses', () => {
  it('knows the last second of each', () => {
    const uses = new CredentialUses()
    uses.note(used('a', 1000))
    uses.note(used('b', 2999))
    uses.note(used('a', 3001))
    uses.note(used('a', 3999))
    expect(uses.of(['a', 'b', 'c'])).toEqual(
      new Map([
        ['a', 3],
        ['b', 2],
      ]),
    )
  })

  it('passes over whoever has no credential of the configuration', () => {
    const uses = new CredentialUses()
    const none = { finishedAtMs: 1000, usedCredentialId: undefined }
    uses.note({ ...none, credential: undefined })
    uses.note({ ...none, credential: { id: 'issuer#sub' } })
    expect(uses.of(['issuer#sub']).size).toBe(0)
  })

  it('takes what a plugin says was used for what was used', () => {
    const uses = new CredentialUses()
    uses.note({ ...used('a', 1000), usedCredentialId: 'old of a' })
    uses.note({ finishedAtMs: 2000, usedCredentialId: 'client', credential: undefined })
    expect([...uses.of(['a', 'old of a', 'client'])]).toEqual([
      ['old of a', 1],
      ['client', 2],
    ])
  })

  it('is bounded, and those that are known go on being noted', () => {
    const uses = new CredentialUses(2)
    uses.note(used('a', 1000))
    uses.note(used('b', 2000))
    uses.note(used('a', 3000))
    uses.note(used('c', 4000))
    // Of those before, it is the one used longest ago that is forgotten.
    expect([...uses.of(['a', 'b', 'c'])]).toEqual([
      ['a', 3],
      ['c', 4],
    ])
  })
})
