import { describe, expect, it } from 'vitest'
import type { Entity } from '../entities/entity.ts'
import { CredentialUses } from './credential-uses.ts'

const used = (id: string, atMs: number) => ({
  finishedAtMs: atMs,
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
    uses.note({ finishedAtMs: 1000, credential: undefined })
    uses.note({ finishedAtMs: 1000, credential: { id: 'issuer#sub' } })
    expect(uses.of(['issuer#sub']).size).toBe(0)
  })

  it('is bounded, and those that are known go on being noted', () => {
    const uses = new CredentialUses(2)
    uses.note(used('a', 1000))
    uses.note(used('b', 2000))
    uses.note(used('a', 3000))
    uses.note(used('c', 4000))
    expect([...uses.of(['a', 'b', 'c'])].length).toBe(2)
    expect(uses.of(['c']).get('c')).toBe(4)
  })
})
