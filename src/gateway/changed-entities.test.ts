import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { atOnce } from '../base/steps.ts'
import type { Entity, EntitySet } from '../entities/entity.ts'
import { changedEntities, orderSteps } from './changed-entities.ts'

const id = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
const kind = fc.constantFrom('routes', 'services')
const row: fc.Arbitrary<Entity> = fc.record({ id, name: fc.string() })
const change = fc.record({ kind, id, name: fc.option(fc.string(), { nil: undefined }) })

describe(changedEntities, () => {
  it('leads to what a map of rows would hold, in order of id', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(row, { selector: (each) => each.id }),
        fc.array(change),
        (routes, steps) => {
          const changes = steps.map(({ name, ...place }) => ({
            ...place,
            after: name === undefined ? undefined : { id: place.id, name },
          }))
          const expected: Record<string, Map<string, Entity>> = {
            routes: new Map(routes.map((each) => [each.id, each])),
            services: new Map(),
          }
          for (const each of changes)
            if (each.after === undefined) expected[each.kind]!.delete(each.id)
            else expected[each.kind]!.set(each.id, each.after)
          const changed = changedEntities(atOnce(orderSteps({ routes })), changes)
          for (const name of ['routes', 'services'])
            expect(changed[name] ?? []).toEqual(
              [...expected[name]!.values()].sort((one, other) => (one.id < other.id ? -1 : 1)),
            )
        },
      ),
    )
  })

  it('leaves alone what does not change, and what it was given', () => {
    const given: EntitySet = { routes: [{ id: 'a' }, { id: 'c' }], services: [{ id: 's' }] }
    const changed = changedEntities(given, [{ kind: 'routes', id: 'b', after: { id: 'b' } }])
    expect(changed['services']).toBe(given['services'])
    expect(changed['routes']![0]).toBe(given['routes']![0])
    expect(given['routes']).toHaveLength(2)
    expect(changed['routes']).toHaveLength(3)
  })
})
