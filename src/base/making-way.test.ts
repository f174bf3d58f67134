import { describe, expect, it } from 'vitest'
import { makingWay, MAKING_WAY } from './making-way.ts'
import { inSlices } from './steps.ts'

/** Clocks that are set by hand. */
function handClocks() {
  const ms = { wall: 0, ofProcess: 0, ofThread: 0 }
  const clocks = {
    wall: () => ms.wall,
    ofProcess: () => ms.ofProcess,
    ofThread: () => ms.ofThread,
  }
  /** Time goes by in which this thread and the others had so much of a processor. */
  const goBy = (wall: number, own: number, others: number): void => {
    ms.wall += wall
    ms.ofThread += own
    ms.ofProcess += own + others
  }
  return { clocks, goBy }
}

describe(makingWay, () => {
  it('rests while others are at work, and no longer', () => {
    const { clocks, goBy } = handClocks()
    const { restMs } = makingWay(clocks)
    goBy(100, 100, 1)
    expect(restMs()).toBe(0)
    goBy(20, 8, 12)
    expect(restMs()).toBeGreaterThan(0)
    goBy(20, 10, 5)
    expect(restMs()).toBeGreaterThan(0)
    goBy(20, 19, 1)
    expect(restMs()).toBe(0)
  })

  it('judges by what others had in the last moments, not in a few microseconds or long ago', () => {
    const { clocks, goBy } = handClocks()
    const { restMs } = makingWay(clocks)
    goBy(1, 0, 1)
    expect(restMs()).toBe(0)
    goBy(10_000, 0, 300)
    expect(restMs()).toBe(0)
    goBy(10, 0, 10)
    expect(restMs()).toBeGreaterThan(0)
    goBy(1, 1, 0)
    expect(restMs()).toBeGreaterThan(0)
  })

  it('comes to the end of the work with the clocks of the process', async () => {
    function* work() {
      for (let step = 0; step < 1000; step += 1) yield
      return 'done'
    }
    expect(await inSlices(work(), MAKING_WAY)).toBe('done')
  })
})
