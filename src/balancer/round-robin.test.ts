import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RoundRobin } from './round-robin.ts'
import type { WeightedPeer } from './round-robin.ts'

type TestPeer = { -readonly [K in keyof WeightedPeer]: WeightedPeer[K] }

function peersOf(weights: readonly number[]): TestPeer[] {
  return weights.map((weight, index) => ({
    ip: `10.0.0.${index}`,
    port: 80,
    hostname: 'h',
    hostHeader: undefined,
    key: String(index),
    weight,
    isAvailable: true,
    credit: 0,
  }))
}

function turnsOf(peers: readonly TestPeer[]): RoundRobin<TestPeer> {
  const turns = new RoundRobin<TestPeer>()
  turns.update(peers)
  return turns
}

function take(turns: RoundRobin<TestPeer>, count: number): string {
  return Array.from({ length: count }, () => turns.next([])?.key ?? '-').join('')
}

describe('RoundRobin', () => {
  it('gives every peer as many turns as its weight in each cycle', () => {
    const weights = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 3 }), (weights, cycles) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0)
        fc.pre(total > 0)
        const turns = turnsOf(peersOf(weights))
        const counts = weights.map(() => 0)
        for (let turn = 0; turn < total * cycles; turn += 1) {
          const index = Number(turns.next([])!.key)
          counts[index] = counts[index]! + 1
        }
        expect(counts).toEqual(weights.map((weight) => weight * cycles))
      }),
    )
  })

  it('spreads the turns of a heavy peer', () => {
    expect(take(turnsOf(peersOf([5, 1, 1])), 7)).toBe('0010200')
  })

  it('begins with the first of equals and goes on in order', () => {
    expect(take(turnsOf(peersOf([7, 7, 7])), 5)).toBe('01201')
  })

  it('passes over what is not available until it is again', () => {
    const peers = peersOf([1, 1, 1])
    const turns = turnsOf(peers)
    peers[1]!.isAvailable = false
    expect(take(turns, 4)).toBe('0202')
    peers[1]!.isAvailable = true
    expect(take(turns, 3)).toBe('012')
  })

  it('prefers peers not tried yet, and takes tried ones when there are no others', () => {
    for (const weights of [
      [1, 1],
      [1, 2],
    ]) {
      const peers = peersOf(weights)
      const turns = turnsOf(peers)
      expect(turns.next([peers[0]!])).toBe(peers[1])
      expect(turns.next([peers[1]!])).toBe(peers[0])
      expect(turns.next([...peers])).toBeDefined()
    }
  })

  it('has nobody when all weights are 0 or nobody is available', () => {
    expect(turnsOf(peersOf([0, 0])).next([])).toBeUndefined()
    const peers = peersOf([1, 2])
    for (const peer of peers) peer.isAvailable = false
    expect(turnsOf(peers).next([])).toBeUndefined()
  })

  it('goes on where it was when peers come and go', () => {
    const peers = peersOf([1, 1, 1, 1])
    const turns = turnsOf(peers.slice(0, 3))
    expect(take(turns, 2)).toBe('01')
    turns.update(peers.slice(1))
    expect(take(turns, 3)).toBe('231')
  })
})
