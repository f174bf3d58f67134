import { describe, expect, it } from 'vitest'
import { EndpointTable, type Endpoint } from './endpoint-table.ts'

class Place implements Endpoint {
  session: Buffer | undefined
  isIdle = true
  readonly key: string
  readonly #table: EndpointTable<Place>

  constructor(table: EndpointTable<Place>, key: string) {
    this.#table = table
    this.key = key
  }

  endIdle(): void {
    this.#table.leave(this)
  }
}

function enter(table: EndpointTable<Place>, key: string): Place {
  const place = new Place(table, key)
  table.enter(place)
  return place
}

describe('EndpointTable', () => {
  it('makes room by ending the idle endpoint that came first', () => {
    const table = new EndpointTable<Place>(2)
    enter(table, 'busy').isIdle = false
    enter(table, 'idle')
    enter(table, 'new')
    expect(table.all().map(({ key }) => key)).toEqual(['busy', 'new'])
  })

  it('takes in more than that while all have work to do', () => {
    const table = new EndpointTable<Place>(2)
    for (const key of ['a', 'b', 'c']) enter(table, key).isIdle = false
    expect(table.size).toBe(3)
  })

  it('comes back under its bound once they are idle', () => {
    const table = new EndpointTable<Place>(2)
    const places = ['a', 'b', 'c', 'd'].map((key) => {
      const place = enter(table, key)
      place.isIdle = false
      return place
    })
    for (const place of places) place.isIdle = true
    enter(table, 'e')
    expect(table.all().map(({ key }) => key)).toEqual(['d', 'e'])
  })

  it('gives back the TLS session of an endpoint that comes again', () => {
    const table = new EndpointTable<Place>(2)
    const session = Buffer.from('session')
    const place = enter(table, 'a')
    place.session = session
    table.leave(place)
    expect([table.size, table.keptSessions]).toEqual([0, 1])
    expect(enter(table, 'a').session).toBe(session)
    expect(table.keptSessions).toBe(0)
  })

  it('remembers sessions of the last endpoints only', () => {
    const table = new EndpointTable<Place>(Infinity)
    for (let index = 0; index < 5000; index += 1) {
      const place = enter(table, `name-${index}`)
      place.session = Buffer.from('session')
      table.leave(place)
    }
    expect(table.keptSessions).toBeLessThanOrEqual(1000)
    expect(enter(table, 'name-4999').session).toBeDefined()
    expect(enter(table, 'name-0').session).toBeUndefined()
  })
})
