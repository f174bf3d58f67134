import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LeastConnections } from './least-connections.ts'
import { addressesOf } from './testing/test-addresses.ts'

describe('LeastConnections', () => {
  it('picks a least loaded address for its weight', () => {
    const loads = fc.array(
      fc.record({ weight: fc.integer({ min: 1, max: 9 }), active: fc.nat(20) }),
      {
        minLength: 1,
        maxLength: 8,
      },
    )
    fc.assert(
      fc.property(loads, (loads) => {
        const addresses = addressesOf(loads.map(({ weight }) => weight))
        for (const [index, { active }] of loads.entries()) addresses[index]!.active = active
        const algorithm = new LeastConnections()
        algorithm.update(addresses)
        const picked = algorithm.next([])!
        const load = (picked.active + 1) / picked.weight
        for (const { active, weight } of addresses)
          expect(load).toBeLessThanOrEqual((active + 1) / weight)
      }),
    )
  })

  it('takes turns among equals', () => {
    const algorithm = new LeastConnections()
    algorithm.update(addressesOf([1, 1, 1]))
    const picked = Array.from({ length: 6 }, () => algorithm.next([])!.ip.at(-1))
    expect(picked.join('')).toBe('123123')
  })

  it('avoids what was tried or is not available, as long as there are others', () => {
    const [first, second, third] = addressesOf([1, 1, 1])
    const algorithm = new LeastConnections()
    algorithm.update([first!, second!, third!])
    third!.isAvailable = false
    expect(algorithm.next([first!])).toBe(second)
    expect(algorithm.next([second!])).toBe(first)
    expect(algorithm.next([first!, second!])).not.toBe(third)
    first!.isAvailable = false
    second!.isAvailable = false
    expect(algorithm.next([])).toBeUndefined()
  })
})
