import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nearestName } from './nearest-name.ts'

describe('nearestName', () => {
  it.each([
    ['key_claim_nam', ['secret', 'key_claim_name'], 'key_claim_name'],
    ['Services', ['service', 'services'], 'services'],
    ['hsot', ['port', 'host'], 'host'],
    ['protocl', ['protocol', 'protocols'], 'protocol'],
    ['completely', ['different'], undefined],
    ['ab', ['xy'], undefined],
    ['a', [], undefined],
  ])('for %s among %j is %s', (wrong, known, nearest) => {
    expect(nearestName(wrong, known)).toBe(nearest)
  })

  it('is the name itself where it is known', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.array(fc.string()), (name, others) => {
        const nearest = nearestName(name, [...others, name])
        expect(nearest?.toLowerCase()).toBe(name.toLowerCase())
      }),
    )
  })
})
