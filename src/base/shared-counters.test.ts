import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sharedCounterMemory, SharedCounters } from './shared-counters.ts'

const NOW = 1_700_000_000

describe('SharedCounters', () => {
  it('counts each key for itself, as a plain map does', () => {
    const step = fc.record({ key: fc.string({ maxLength: 4 }), by: fc.integer({ min: 1, max: 9 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const counters = new SharedCounters(sharedCounterMemory(4096))
        const expected = new Map<string, number>()
        for (const { key, by } of steps) {
          expected.set(key, (expected.get(key) ?? 0) + by)
          expect(counters.add(key, by, NOW + 60, NOW)).toBe(expected.get(key))
        }
        for (const [key, count] of expected) expect(counters.get(key, NOW)).toBe(count)
      }),
    )
  })

  it('begins anew when a counter has ended, with the expiry of the new beginning', () => {
    const counters = new SharedCounters(sharedCounterMemory(64))
    counters.add('key', 3, NOW + 10, NOW)
    counters.add('key', 1, NOW + 99, NOW + 9)
    expect(counters.get('key', NOW + 9)).toBe(4)
    expect(counters.get('key', NOW + 10)).toBe(0)
    expect(counters.add('key', 1, NOW + 20, NOW + 10)).toBe(1)
    expect(counters.get('key', NOW + 19)).toBe(1)
  })

  it('gives the room of a count that is back at zero to others', () => {
    const counters = new SharedCounters(sharedCounterMemory(8))
    for (let index = 0; index < 1000; index += 1) {
      counters.add(`key ${index}`, 1, NOW + 1_000_000, NOW)
      counters.add(`key ${index}`, -1, NOW + 1_000_000, NOW)
    }
    for (let index = 0; index < 4; index += 1) counters.add(`kept ${index}`, 1, NOW + 60, NOW)
    counters.add('key 1', 1, NOW + 60, NOW)
    expect(counters.get('key 1', NOW)).toBe(1)
    expect(counters.get('kept 0', NOW)).toBe(1)
  })

  it('forgets what ends soonest when space runs out, and never grows', () => {
    const memory = sharedCounterMemory(8)
    const counters = new SharedCounters(memory)
    counters.add('kept', 7, NOW + 1_000_000, NOW)
    for (let index = 0; index < 10_000; index += 1) counters.add(`key ${index}`, 1, NOW + 60, NOW)
    expect(counters.get('kept', NOW)).toBe(7)
    expect(counters.get('key 9999', NOW)).toBe(1)
  })

  it('loses no addition of several threads', async () => {
    const memory = sharedCounterMemory(64)
    const module = new URL('shared-counters.ts', import.meta.url).href
    const code = `
      const { workerData } = require('node:worker_threads')
      import(workerData.module).then(({ SharedCounters }) => {
        const counters = new SharedCounters(workerData.memory)
        for (let index = 0; index < 50000; index += 1) counters.add('key ' + (index % 5), 1, ${NOW + 60}, ${NOW})
      })`
    const threads = [1, 2].map(
      () => new Worker(code, { eval: true, workerData: { memory, module } }),
    )
    await Promise.all(
      threads.map(
        (thread) =>
          new Promise((resolve, reject) => {
            thread.once('error', reject)
            thread.once('exit', resolve)
          }),
      ),
    )
    const counters = new SharedCounters(memory)
    for (let index = 0; index < 5; index += 1)
      expect(counters.get(`key ${index}`, NOW)).toBe(20_000)
  })
})
