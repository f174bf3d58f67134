import { describe, expect, it } from 'vitest'
import { atOnce, inSlices, type Steps } from './steps.ts'

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

describe('steps', () => {
  it('come to the same at once and in slices', async () => {
    expect(atOnce(count(100))).toBe(5050)
    expect(await inSlices(count(100))).toBe(5050)
    expect(await inSlices(count(100), 0)).toBe(5050)
  })

  it('let other work in between', async () => {
    const seen: string[] = []
    const over = inSlices(count(3), 0).then(() => seen.push('over'))
    setImmediate(() => seen.push('other'))
    await over
    expect(seen).toEqual(['other', 'over'])
  })

  it('fail as the work does', async () => {
    expect(() => atOnce(failing())).toThrow('no more')
    await expect(inSlices(failing(), 0)).rejects.toThrow('no more')
  })
})
