import { describe, expect, it } from 'vitest'
import { atOnce } from '../base/steps.ts'
import { packSteps, unpackSteps } from './packed-entities.ts'

describe(packSteps, () => {
  it('loses nothing on the way, of no, few and many rows', () => {
    const rows = Array.from({ length: 1234 }, (_, number) => ({
      id: String(number),
      name: null,
      tags: ['ünï', '\u2028'],
      config: { list: [1.5, true], nested: { empty: {} } },
    }))
    const entities = { services: rows, routes: rows.slice(0, 2), consumers: [] }
    const packed = atOnce(packSteps(entities))
    expect(atOnce(unpackSteps(structuredClone(packed)))).toEqual(entities)
  })

  it('is done and undone in many steps where there is much', () => {
    const rows = Array.from({ length: 5000 }, (_, number) => ({ id: String(number) }))
    const packed = atOnce(packSteps({ consumers: rows }))
    expect([...packSteps({ consumers: rows })]).toHaveLength(50)
    expect([...unpackSteps(packed)]).toHaveLength(50)
  })
})
