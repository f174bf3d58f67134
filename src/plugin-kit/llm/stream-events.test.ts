import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { eventReader } from './stream-events.ts'

/** Reads bytes cut at the given places. */
function read(text: string, cuts: readonly number[], type?: string) {
  const bytes = Buffer.from(text)
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b)
  const reader = eventReader(type)!
  const events = [...places, bytes.length].flatMap((place, index) => [
    ...reader.push(bytes.subarray(places[index - 1] ?? 0, place)),
  ])
  return [...events, ...reader.end()].map(({ event, data }) => [event, data])
}

const cuts = fc.array(fc.nat(1000), { maxLength: 20 })

describe('eventReader()', () => {
  it('reads events wherever they are cut', () => {
    const text = ': comment\r\nevent: a\r\ndata: é1\r\ndata: 2\r\n\r\nid: 7\n\ndata:3\n\ndata: last'
    fc.assert(
      fc.property(cuts, (places) => {
        expect(read(text, places)).toEqual([
          ['a', 'é1\n2'],
          [undefined, '3'],
          [undefined, 'last'],
        ])
      }),
    )
  })

  it('reads JSON in a row wherever it is cut', () => {
    const values = [{ a: '}"é' }, { b: { c: ['\\"{'] } }, {}]
    fc.assert(
      fc.property(cuts, (places) => {
        const text = values.map((value) => JSON.stringify(value)).join('\r\n')
        expect(read(text, places)).toEqual(
          values.map((value) => [undefined, JSON.stringify(value)]),
        )
      }),
    )
  })

  it('reads JSON in a list wherever it is cut, and tells its end', () => {
    const values = [{ a: ']' }, { b: [1] }]
    fc.assert(
      fc.property(cuts, (places) => {
        expect(read(` ${JSON.stringify(values)}\n`, places, 'application/json')).toEqual([
          [undefined, '{"a":"]"}'],
          [undefined, '{"b":[1]}'],
          [undefined, '[DONE]'],
        ])
      }),
    )
  })

  it('knows what is no stream', () => {
    expect(eventReader('text/html; charset=utf-8')).toBeUndefined()
  })

  it('gives up an event that does not end', () => {
    const reader = eventReader('text/event-stream')!
    reader.push(Buffer.from('data: '))
    const much = Buffer.alloc(4 * 1024 * 1024, 'x')
    reader.push(much)
    expect(() => reader.push(Buffer.concat([much, much]))).toThrow('too long')
  })
})
