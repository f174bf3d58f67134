import { describe, expect, it } from 'vitest'
import { packEntities, unpackEntities } from './packed-entities.ts'

describe('packEntities()', () => {
  it('loses nothing on the way, of no, few and many rows', async () => {
    const rows = Array.from({ length: 1234 }, (_, number) => ({
      id: String(number),
      name: null,
      tags: ['ünï', '\u2028'],
      config: { list: [1.5, true], nested: { empty: {} } },
    }))
    const entities = { services: rows, routes: rows.slice(0, 2), consumers: [] }
    const packed = packEntities(entities)
    expect(await unpackEntities(structuredClone(packed))).toEqual(entities)
  })

  it('lets other work in while much is read', async () => {
    const rows = Array.from({ length: 5000 }, (_, number) => ({ id: String(number) }))
    let turns = 0
    const count = (): void => {
      turns += 1
      next = setImmediate(count)
    }
    let next = setImmediate(count)
    await unpackEntities(packEntities({ consumers: rows }))
    clearImmediate(next)
    expect(turns).toBeGreaterThan(5)
  })
})
