import { expect, it } from 'vitest'
import { LOADS } from '../../../bench/soak/loads.ts'
import { soak } from '../../../bench/soak/soak.ts'

const ROUNDS = 12

it.each(['public', 'fast'] as const)(
  'under every kind of load at once the %s transport answers or closes all, and leaves nothing behind',
  async (transport) => {
    const kinds = Object.keys(LOADS)
    const { faults, errors, sockets, ...result } = await soak({
      isOver: (units) => units >= ROUNDS * kinds.length,
      concurrency: 16,
      unitsPerReload: 60,
      transport,
    })
    expect(faults).toEqual([])
    expect(errors).toEqual([])
    expect(sockets.after).toBeLessThanOrEqual(sockets.before)
    expect(result.reloads).toBe(2)
    for (const kind of kinds) expect(result.kinds[kind]?.units).toBeGreaterThanOrEqual(ROUNDS)
  },
)
