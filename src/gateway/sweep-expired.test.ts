import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Operation, Origin, Store, WriteResult } from '../store/store.ts'
import { sweepExpired } from './sweep-expired.ts'

describe('sweepExpired', () => {
  beforeEach(() => vi.useFakeTimers())
  afterEach(() => vi.useRealTimers())

  it('has the store write nothing each minute, for which rows go whose time is over', async () => {
    const written: [readonly Operation[], Origin][] = []
    const logged: string[] = []
    let result: WriteResult = { ok: true, changes: [], version: 1 }
    const store = {
      async write(operations: readonly Operation[], origin: Origin) {
        written.push([operations, origin])
        return result
      },
    }
    const stop = sweepExpired(store as unknown as Store, {
      error: (message) => void logged.push(message),
    })
    await vi.advanceTimersByTimeAsync(120_000)
    expect(written).toEqual([
      [[], { by: 'expiry' }],
      [[], { by: 'expiry' }],
    ])
    result = { ok: false, fault: { fault: 'unavailable', detail: 'away' } }
    await vi.advanceTimersByTimeAsync(180_000)
    // An outage is told of once.
    expect(logged).toEqual([expect.stringContaining('away')])
    stop()
    await vi.advanceTimersByTimeAsync(180_000)
    expect(written).toHaveLength(5)
  })
})
