import { describe, expect, it } from 'vitest'
import { LeastLatency } from './least-latency.ts'
import { upstreamOf } from './testing/balancing-entities.ts'
import { ManualClock } from './testing/manual-clock.ts'
import { addressesOf } from './testing/test-addresses.ts'

function latencyOver(weights: readonly number[], draws: readonly number[] = [0]) {
  const clock = new ManualClock()
  let draw = 0
  const algorithm = new LeastLatency({
    upstream: upstreamOf(),
    clock,
    random: () => draws[draw++ % draws.length]!,
  })
  const addresses = addressesOf(weights)
  algorithm.update(addresses)
  return { algorithm, clock, addresses }
}

describe('LeastLatency', () => {
  it('prefers the faster of the two drawn', () => {
    const { algorithm, addresses } = latencyOver([1, 1])
    algorithm.observe(addresses[0]!, 50)
    algorithm.observe(addresses[1]!, 5)
    expect(algorithm.next([])).toBe(addresses[1])
  })

  it('lets a heavier address be slower', () => {
    const { algorithm, addresses } = latencyOver([10, 1])
    algorithm.observe(addresses[0]!, 50)
    algorithm.observe(addresses[1]!, 8)
    expect(algorithm.next([])).toBe(addresses[0])
  })

  it('takes a peak at once and forgets it with time', async () => {
    const { algorithm, addresses, clock } = latencyOver([1, 1])
    const [first, second] = addresses
    algorithm.observe(first!, 10)
    algorithm.observe(second!, 20)
    algorithm.observe(first!, 100)
    expect(algorithm.next([])).toBe(second)
    await clock.advance(30_000)
    algorithm.observe(first!, 10)
    algorithm.observe(second!, 20)
    expect(algorithm.next([])).toBe(first)
  })

  it('starts a new address at the average of the others', () => {
    const { algorithm, addresses } = latencyOver([1, 1])
    algorithm.observe(addresses[0]!, 10)
    algorithm.observe(addresses[1]!, 30)
    const [fresh] = addressesOf([1])
    algorithm.update([...addresses, fresh!])
    expect(fresh!.latencyMs).toBe(20)
  })

  it('draws only from what is available and untried, and from all tried ones at the end', () => {
    const { algorithm, addresses } = latencyOver([1, 1, 1], [0, 0.99])
    const [first, second, third] = addresses
    third!.isAvailable = false
    expect(algorithm.next([first!])).toBe(second)
    expect(algorithm.next([first!, second!])).not.toBe(third)
    first!.isAvailable = false
    second!.isAvailable = false
    expect(algorithm.next([])).toBeUndefined()
  })
})
