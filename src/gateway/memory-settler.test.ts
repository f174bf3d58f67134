import { Worker } from 'node:worker_threads'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'

/** Ends well when all was collected: only that takes from an idle thread what it holds weakly. */
const THREAD = `
import { MemorySettler } from ${JSON.stringify(new URL('memory-settler.ts', import.meta.url).href)}
const held = new WeakRef({})
new MemorySettler(() => 0).soon()
setInterval(() => held.deref() === undefined && process.exit(0), 50)
`

describe('MemorySettler', () => {
  it('can do its work in many threads at once', async () => {
    const threads = Array.from(
      { length: 8 },
      () => new Worker(new URL(`data:text/javascript,${encodeURIComponent(THREAD)}`)),
    )
    const codes = await Promise.all(threads.map(async (thread) => (await once(thread, 'exit'))[0]))
    expect(codes).toEqual(Array(8).fill(0))
  })
})
