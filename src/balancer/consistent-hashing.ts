import type { Algorithm, AlgorithmOptions } from './algorithm.ts'
import { hashInput } from './hash-input.ts'
import type { BalancingRequest, Peer } from './peer.ts'
import type { TargetAddress } from './target-address.ts'
import { wasTried } from './was-tried.ts'
import { xxHash32 } from './xxhash32.ts'

const FEWEST_SLOTS = 1000

/** Points of a target of average weight. */
const POINTS = 160

/** Share of the ring that points may take up; a ring nearly full would take long to fill. */
const FILL = 0.8

const NOBODY = -1
const NONE: readonly Peer[] = []

/**
 * A ring of slots with points on it by the weight of addresses. A value belongs to the point at its
 * slot or the next below; when that address cannot serve, to the next one further down. So an
 * address that comes or goes moves only its own share of values.
 *
 * Points and values are placed as Kong 3 places them, so that both send a value to the same target.
 */
export class ConsistentHashing implements Algorithm {
  readonly #slots: number
  readonly #valueOf: (request: BalancingRequest) => string
  /** Index of the address of each slot, gaps filled. */
  readonly #owners: Int32Array
  #addresses: readonly TargetAddress[] = []

  constructor({ upstream }: AlgorithmOptions) {
    this.#slots = Math.max(upstream.slots, FEWEST_SLOTS)
    this.#valueOf = hashInput(upstream)
    this.#owners = new Int32Array(this.#slots).fill(NOBODY)
  }

  update(addresses: readonly TargetAddress[], targetCount: number): void {
    this.#addresses = addresses.filter((address) => address.weight > 0).sort(byName)
    const total = this.#addresses.reduce((sum, { weight }) => sum + weight, 0)
    const points = Math.min(targetCount * POINTS, this.#slots * FILL)
    this.#owners.fill(NOBODY)
    for (const [index, { weight }] of this.#addresses.entries())
      this.#place(index, Math.max(Math.floor((weight / total) * points), 1))
    this.#fillGaps()
  }

  next(tried: readonly Peer[], request: BalancingRequest): TargetAddress | undefined {
    const start = slotOf(this.#valueOf(request), this.#slots)
    const address = this.#walk(start, tried)
    return address === undefined && tried.length > 0 ? this.#walk(start, NONE) : address
  }

  /** Goes down from a slot to the first address that can serve. */
  #walk(start: number, tried: readonly Peer[]): TargetAddress | undefined {
    let refused = NOBODY
    for (let step = 0, slot = start; step < this.#slots; step += 1) {
      const owner = this.#owners[slot]!
      if (owner === NOBODY) return undefined
      if (owner !== refused) {
        const address = this.#addresses[owner]!
        if (address.isAvailable && !wasTried(tried, address)) return address
        refused = owner
      }
      slot = slot === 0 ? this.#slots - 1 : slot - 1
    }
    return undefined
  }

  /** Points that fall on a taken slot move on to the next number. */
  #place(index: number, count: number): void {
    const { ip, port } = this.#addresses[index]!
    let left = count
    for (let number = 1; left > 0 && number <= this.#slots; number += 1) {
      const slot = slotOf(`${ip}::${port} ${number}`, this.#slots)
      if (this.#owners[slot] !== NOBODY) continue
      this.#owners[slot] = index
      left -= 1
    }
  }

  #fillGaps(): void {
    const highest = this.#owners.findLast((owner) => owner !== NOBODY)
    let owner = highest ?? NOBODY
    for (let slot = 0; slot < this.#slots; slot += 1) {
      if (this.#owners[slot] === NOBODY) this.#owners[slot] = owner
      else owner = this.#owners[slot]!
    }
  }
}

/** Kong takes the hash as a signed number, and the remainder that is not negative. */
function slotOf(text: string, slots: number): number {
  const remainder = (xxHash32(text) | 0) % slots
  return remainder < 0 ? remainder + slots : remainder
}

/** The order of placing decides who gets a slot that two want. */
function byName(a: TargetAddress, b: TargetAddress): number {
  if (a.hostname !== b.hostname) return a.hostname < b.hostname ? -1 : 1
  if (a.port !== b.port) return a.port - b.port
  return a.ip < b.ip ? -1 : Number(a.ip > b.ip)
}
