import { describe, expect, it } from 'vitest'
import { BodyPace } from './body-pace.ts'

const LIMITS = { bodyTimeoutMs: 60_000, minBodyBytesPerSecond: 100 }

describe('BodyPace', () => {
  it('gives a pause its time where any pace will do', () => {
    const pace = new BodyPace()
    const limits = { ...LIMITS, minBodyBytesPerSecond: 0 }
    expect(pace.deadlineMs(0, limits, 1000)).toBe(61_000)
    expect(pace.deadlineMs(10, limits, 900_000)).toBe(960_000)
  })

  it('gives each byte its share of time, after a start', () => {
    const pace = new BodyPace()
    expect(pace.deadlineMs(0, LIMITS, 1000)).toBe(6000)
    expect(pace.deadlineMs(50, LIMITS, 5900)).toBe(6500)
    expect(pace.deadlineMs(100_000, LIMITS, 6000)).toBe(66_000)
  })

  it('does not count time in which nobody wanted to read', () => {
    const pace = new BodyPace()
    pace.deadlineMs(0, LIMITS, 1000)
    pace.pause(2000)
    pace.pause(50_000)
    expect(pace.deadlineMs(100, LIMITS, 102_000)).toBe(107_000)
  })

  it('begins anew with the next body', () => {
    const pace = new BodyPace()
    pace.deadlineMs(0, LIMITS, 1000)
    pace.restart()
    expect(pace.deadlineMs(0, LIMITS, 500_000)).toBe(505_000)
  })
})
