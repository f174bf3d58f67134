import type { Algorithm, AlgorithmOptions } from './algorithm.ts'
import type { Clock } from './clock.ts'
import type { Peer } from './peer.ts'
import type { TargetAddress } from './target-address.ts'
import { wasTried } from './was-tried.ts'

/** How fast the past is forgotten: after this time 1/e of it counts. */
const DECAY_MS = 10_000

const NONE: readonly Peer[] = []

/**
 * Of two addresses drawn at random, the one that answers faster for its weight. Latency is a moving
 * average that jumps to a peak at once and forgets it slowly; unused addresses sink, so that they
 * are tried again.
 *
 * @see Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 1996
 * @see Finagle, PeakEwma, for the average
 */
export class LeastLatency implements Algorithm {
  readonly #clock: Clock
  readonly #random: () => number
  #addresses: readonly TargetAddress[] = []

  constructor({ clock, random }: AlgorithmOptions) {
    this.#clock = clock
    this.#random = random
  }

  /** New addresses start as average ones, or they would draw all traffic until they have answered. */
  update(addresses: readonly TargetAddress[]): void {
    this.#addresses = addresses.filter((address) => address.weight > 0)
    const now = this.#clock.nowMs()
    const known = this.#addresses.filter((address) => address.latencyAtMs > 0)
    const sum = known.reduce((total, address) => total + decayed(address, now), 0)
    for (const address of this.#addresses) {
      if (address.latencyAtMs > 0) continue
      address.latencyMs = known.length === 0 ? 0 : sum / known.length
      address.latencyAtMs = now
    }
  }

  observe(address: TargetAddress, latencyMs: number): void {
    const now = this.#clock.nowMs()
    const rest = Math.exp(-Math.max(now - address.latencyAtMs, 0) / DECAY_MS)
    const average = address.latencyMs * rest + latencyMs * (1 - rest)
    address.latencyMs = Math.max(average, latencyMs)
    address.latencyAtMs = now
  }

  next(tried: readonly Peer[]): TargetAddress | undefined {
    const address = this.#fasterOfTwo(tried)
    return address === undefined && tried.length > 0 ? this.#fasterOfTwo(NONE) : address
  }

  #fasterOfTwo(tried: readonly Peer[]): TargetAddress | undefined {
    let count = 0
    for (const address of this.#addresses) if (canServe(address, tried)) count += 1
    if (count === 0) return undefined
    const first = Math.floor(this.#random() * count)
    if (count === 1) return this.#nth(first, tried)
    const shift = 1 + Math.floor(this.#random() * (count - 1))
    const one = this.#nth(first, tried)
    const other = this.#nth((first + shift) % count, tried)
    const now = this.#clock.nowMs()
    return decayed(other, now) / other.weight < decayed(one, now) / one.weight ? other : one
  }

  #nth(index: number, tried: readonly Peer[]): TargetAddress {
    let left = index
    for (const address of this.#addresses) {
      if (!canServe(address, tried)) continue
      if (left === 0) return address
      left -= 1
    }
    throw new RangeError(`Cannot pick address ${index}: there are not so many`)
  }
}

function canServe(address: TargetAddress, tried: readonly Peer[]): boolean {
  return address.isAvailable && !wasTried(tried, address)
}

function decayed(address: TargetAddress, now: number): number {
  return address.latencyMs * Math.exp(-Math.max(now - address.latencyAtMs, 0) / DECAY_MS)
}
