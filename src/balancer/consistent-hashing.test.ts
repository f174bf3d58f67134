import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConsistentHashing } from './consistent-hashing.ts'
import { ManualClock } from './testing/manual-clock.ts'
import { requestOf, upstreamOf } from './testing/balancing-entities.ts'
import { addressesOf } from './testing/test-addresses.ts'
import type { TargetAddress } from './target-address.ts'

const KEYS = Array.from({ length: 4000 }, (_, index) => `user-${index}`)

function ringOf(addresses: readonly TargetAddress[], slots = 10_000): ConsistentHashing {
  const ring = new ConsistentHashing({
    upstream: upstreamOf({ hash_on: 'header', hash_on_header: 'x_user', slots }),
    clock: new ManualClock(),
    random: () => 0,
  })
  ring.update(addresses, addresses.length)
  return ring
}

function ownerOf(ring: ConsistentHashing, key: string): TargetAddress | undefined {
  return ring.next([], requestOf({ header: key }))
}

function counts(ring: ConsistentHashing): Map<string, number> {
  const found = Map.groupBy(KEYS, (key) => ownerOf(ring, key)!.ip)
  return new Map([...found].map(([ip, keys]) => [ip, keys.length]))
}

describe('ConsistentHashing', () => {
  it('sends a key to the same address, whatever order addresses come in', () => {
    const addresses = addressesOf([10, 10, 10, 30])
    const one = ringOf(addresses)
    const other = ringOf(addresses.toReversed())
    for (const key of KEYS) expect(ownerOf(one, key)).toBe(ownerOf(other, key))
  })

  it('spreads keys by weight', () => {
    const weights = fc.array(fc.integer({ min: 5, max: 15 }), { minLength: 2, maxLength: 10 })
    fc.assert(
      fc.property(weights, (weights) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0)
        const found = counts(ringOf(addressesOf(weights)))
        for (const [index, weight] of weights.entries()) {
          const share = (found.get(`10.0.0.${index + 1}`) ?? 0) / KEYS.length
          expect(share / (weight / total)).toBeGreaterThan(0.6)
          expect(share / (weight / total)).toBeLessThan(1.5)
        }
      }),
      { numRuns: 25 },
    )
  })

  it('moves little more than its own keys when an address goes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 12 }), fc.nat(), (count, choice) => {
        const addresses = addressesOf(Array.from({ length: count }, () => 100))
        const gone = addresses[choice % count]!
        const before = ringOf(addresses)
        const after = ringOf(addresses.filter((address) => address !== gone))
        const stray = KEYS.filter((key) => {
          const owner = ownerOf(before, key)
          return owner !== gone && owner !== ownerOf(after, key)
        })
        expect(stray.length / KEYS.length).toBeLessThan(0.1)
      }),
      { numRuns: 15 },
    )
  })

  // The bounds are the figures of docs/design/balancing.md, for fewer keys.
  it.each([
    [2, { least: 0.85, most: 1.15, moved: 0.35, stray: 0 }],
    [5, { least: 0.8, most: 1.3, moved: 0.2, stray: 0 }],
    [10, { least: 0.75, most: 1.25, moved: 0.13, stray: 0.025 }],
    [50, { least: 0.6, most: 1.4, moved: 0.07, stray: 0.05 }],
  ])('spreads keys over %i addresses and moves few when one is added', (count, figures) => {
    const addresses = addressesOf(Array.from({ length: count + 1 }, () => 100))
    const before = ringOf(addresses.slice(0, count))
    const after = ringOf(addresses)
    const shares = [...counts(before).values()].map((keys) => (keys / KEYS.length) * count)
    expect(shares).toHaveLength(count)
    expect(Math.min(...shares)).toBeGreaterThan(figures.least)
    expect(Math.max(...shares)).toBeLessThan(figures.most)
    const moved = KEYS.filter((key) => ownerOf(before, key) !== ownerOf(after, key))
    const stray = moved.filter((key) => ownerOf(after, key) !== addresses[count])
    expect(moved.length / KEYS.length).toBeLessThan(figures.moved)
    expect(stray.length / KEYS.length).toBeLessThanOrEqual(figures.stray)
  })

  it('gives the keys of an unavailable address to others and leaves the rest where they are', () => {
    const addresses = addressesOf([1, 1, 1, 1])
    const ring = ringOf(addresses)
    const before = new Map(KEYS.map((key) => [key, ownerOf(ring, key)]))
    const ill = addresses[2]!
    ill.isAvailable = false
    for (const key of KEYS) {
      const owner = ownerOf(ring, key)
      expect(owner).not.toBe(ill)
      if (before.get(key) !== ill) expect(owner).toBe(before.get(key))
    }
    ill.isAvailable = true
    for (const key of KEYS) expect(ownerOf(ring, key)).toBe(before.get(key))
  })

  it('goes on to another address for each try, and back when all were tried', () => {
    const addresses = addressesOf([1, 1, 1])
    const ring = ringOf(addresses)
    const request = requestOf({ header: 'ann' })
    const tried: TargetAddress[] = []
    for (let count = 0; count < 3; count += 1) tried.push(ring.next(tried, request)!)
    expect(new Set(tried).size).toBe(3)
    expect(ring.next(tried, request)).toBe(tried[0])
  })

  it('places the empty value where Kong does', () => {
    const [low, high] = addressesOf([100, 100]).map((address, index) =>
      Object.assign(Object.create(address) as TargetAddress, {
        ip: '127.0.0.1',
        port: 3000 + index,
        hostname: 'localhost',
      }),
    )
    expect(ringOf([high!, low!]).next([], requestOf())?.port).toBe(3000)
  })

  it('reaches every address even when there are more than the ring has room for', () => {
    const addresses = addressesOf(Array.from({ length: 200 }, () => 1))
    expect(counts(ringOf(addresses, 1000)).size).toBeGreaterThan(190)
  })

  it('has nobody without weight or availability', () => {
    expect(ownerOf(ringOf(addressesOf([0, 0])), 'ann')).toBeUndefined()
    expect(ownerOf(ringOf([]), 'ann')).toBeUndefined()
    const addresses = addressesOf([1, 1])
    for (const address of addresses) address.isAvailable = false
    expect(ownerOf(ringOf(addresses), 'ann')).toBeUndefined()
  })
})
