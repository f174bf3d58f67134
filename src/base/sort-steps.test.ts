import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sortSteps } from './sort-steps.ts'
import { atOnce } from './steps.ts'

describe(sortSteps, () => {
  it('gives what sort() gives', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 3 })), (texts) => {
        const many = Array.from({ length: 40 }, (_, round) =>
          texts.map((text) => text + String(round % 7)),
        ).flat()
        expect(atOnce(sortSteps(many))).toEqual([...many].sort())
      }),
    )
  })

  it('leaves what it is given alone, and takes many steps where there is much', () => {
    const texts = Array.from({ length: 3000 }, (_, at) => String((at * 7919) % 3000))
    const given = [...texts]
    expect([...sortSteps(texts)].length).toBeGreaterThan(10)
    expect(texts).toEqual(given)
  })

  it('has nothing to do where there is nothing', () => {
    expect(atOnce(sortSteps([]))).toEqual([])
  })
})
