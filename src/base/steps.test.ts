import { describe, expect, it } from 'vitest'
import { atOnce, BRISK, GENTLE, inSlices, type Steps } from './steps.ts'

function* count(to: number): Steps<number> {
  let sum = 0
  for (let number = 1; number <= to; number += 1) {
    sum += number
    yield
  }
  return sum
}

function* failing(): Steps<never> {
  yield
  throw new Error('no more')
}

/** Every step is a slice. */
const SHORT = { sliceMs: 0, restMs: () => 0 }

describe('steps', () => {
  it('come to the same at once and in slices', async () => {
    expect(atOnce(count(100))).toBe(5050)
    expect(await inSlices(count(100), BRISK)).toBe(5050)
    expect(await inSlices(count(100), GENTLE)).toBe(5050)
    expect(await inSlices(count(100), SHORT)).toBe(5050)
  })

  it('let other work in between', async () => {
    const seen: string[] = []
    const over = inSlices(count(3), SHORT).then(() => seen.push('over'))
    setImmediate(() => seen.push('other'))
    await over
    expect(seen).toEqual(['other', 'over'])
  })

  it('let timers come due in a rest', async () => {
    const seen: string[] = []
    setTimeout(() => seen.push('timer'), 1)
    const over = inSlices(count(3), { sliceMs: 0, restMs: () => 2 }).then(() => seen.push('over'))
    await over
    expect(seen).toEqual(['timer', 'over'])
  })

  it('fail as the work does', async () => {
    expect(() => atOnce(failing())).toThrow('no more')
    await expect(inSlices(failing(), SHORT)).rejects.toThrow('no more')
  })
})
