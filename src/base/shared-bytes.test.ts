import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sharedBytesMemory, SharedBytes } from './shared-bytes.ts'

const NOW = 1_700_000_000
const bytes = (text: string) => Buffer.from(text)
const read = (store: SharedBytes, key: string, now = NOW) => {
  const found = store.get(key, now)
  return found && Buffer.from(found).toString()
}

describe('SharedBytes', () => {
  it('keeps what is stored until it ends, is deleted or all is cleared', () => {
    const store = new SharedBytes(sharedBytesMemory(64 * 1024))
    store.set('a', bytes('one'), NOW + 10)
    store.set('b', bytes(''), NOW + 10)
    expect([read(store, 'a'), read(store, 'b'), read(store, 'c')]).toEqual(['one', '', undefined])
    expect(read(store, 'a', NOW + 10)).toBeUndefined()
    store.set('a', bytes('two'), NOW + 99)
    expect(read(store, 'a', NOW + 10)).toBe('two')
    expect([store.delete('a'), store.delete('a'), read(store, 'a')]).toEqual([
      true,
      false,
      undefined,
    ])
    store.set('d', bytes('x'), NOW + 10)
    store.clear()
    expect(read(store, 'd')).toBeUndefined()
  })

  it('never gives back anything but what was stored last under the key', () => {
    const write = fc.record({
      key: fc.integer({ min: 0, max: 40 }).map(String),
      value: fc.string({ maxLength: 600 }),
    })
    fc.assert(
      fc.property(fc.array(write, { maxLength: 300 }), (writes) => {
        const store = new SharedBytes(sharedBytesMemory(8 * 1024))
        const model = new Map<string, string>()
        for (const { key, value } of writes) {
          if (store.set(key, bytes(value), NOW + 1)) model.set(key, bytes(value).toString())
          for (const [known, expected] of model) {
            const found = read(store, known)
            if (found !== undefined) expect(found).toBe(expected)
          }
          if (value.length < 200) expect(read(store, key)).toBe(bytes(value).toString())
        }
      }),
      { numRuns: 60 },
    )
  })

  it('forgets the oldest when space runs out', () => {
    const store = new SharedBytes(sharedBytesMemory(64 * 1024))
    for (let index = 0; index < 200; index += 1)
      store.set(`key ${index}`, Buffer.alloc(1024, index), NOW + 60)
    expect(store.get('key 0', NOW)).toBeUndefined()
    expect(store.get('key 199', NOW)).toEqual(new Uint8Array(1024).fill(199))
  })

  it('does not store what would take most of the space', () => {
    const store = new SharedBytes(sharedBytesMemory(64 * 1024))
    expect(store.set('big', Buffer.alloc(store.maxValueBytes), NOW + 60)).toBe(false)
    expect(store.get('big', NOW)).toBeUndefined()
  })

  it('is one store for several threads', async () => {
    const memory = sharedBytesMemory(256 * 1024)
    const module = new URL('shared-bytes.ts', import.meta.url).href
    const code = `
      const { workerData } = require('node:worker_threads')
      import(workerData.module).then(({ SharedBytes }) => {
        const store = new SharedBytes(workerData.memory)
        for (let round = 0; round < 300; round += 1) {
          const key = String(round % 20)
          store.set(key, Buffer.from(key.repeat(1 + round % 100)), ${NOW + 60})
          const found = store.get(String((round + 7) % 20), ${NOW})
          if (found !== undefined && !/^(\\d+?)\\1*$/.test(Buffer.from(found).toString())) process.exit(1)
        }
      })`
    const threads = [1, 2].map(
      () => new Worker(code, { eval: true, workerData: { memory, module } }),
    )
    const codes = await Promise.all(
      threads.map(
        (thread) =>
          new Promise((resolve, reject) => {
            thread.once('error', reject)
            thread.once('exit', resolve)
          }),
      ),
    )
    expect(codes).toEqual([0, 0])
    expect(read(new SharedBytes(memory), '3')).toMatch(/^3+$/)
  })
})
