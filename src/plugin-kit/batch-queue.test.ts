import { describe, expect, it } from 'vitest'
import { BatchQueue, type Deliver, type QueueNode, type QueueTime } from './batch-queue.ts'
import type { QueueConfig } from './queue-fields.ts'

const CONFIG: QueueConfig = {
  max_batch_size: 1,
  max_coalescing_delay: 1,
  max_entries: 10_000,
  max_bytes: undefined,
  max_retry_time: 60,
  initial_retry_delay: 1,
  max_retry_delay: 4,
  concurrency_limit: 1,
}

/** Time that passes only when told, or when something waits for it. */
function fakeTime(): QueueTime & { readonly waits: number[]; elapse(): void } {
  let now = 0
  const waits: number[] = []
  let pending: (() => void)[] = []
  return {
    waits,
    nowMs: () => now,
    wait: (ms, signal) =>
      new Promise((resolve) => {
        waits.push(ms)
        const done = () => {
          now += ms
          resolve()
        }
        pending.push(done)
        signal?.addEventListener('abort', () => resolve())
      }),
    elapse() {
      const due = pending
      pending = []
      for (const done of due) done()
    },
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve))

function setUp(config: Partial<QueueConfig> = {}, deliver?: Deliver<string>) {
  const time = fakeTime()
  const batches: (readonly string[])[] = []
  const logged: string[] = []
  const log = {
    warn: (message: string) => logged.push(message),
    error: (message: string) => logged.push(message),
  } as unknown as QueueNode['log']
  const begun: Promise<unknown>[] = []
  const end = new AbortController()
  const node = { log, complete: (work: Promise<unknown>) => begun.push(work), ending: end.signal }
  const queue = new BatchQueue<string>(
    { name: 'q', config: { ...CONFIG, ...config }, node, time },
    async (batch) => {
      batches.push(batch)
      await deliver?.(batch)
    },
  )
  /** The thread is about to end. Resolves when that has to wait for nothing more. */
  const ended = async () => {
    end.abort()
    await Promise.all(begun)
  }
  return { queue, time, batches, logged, ended }
}

describe('BatchQueue', () => {
  it('delivers each entry at once when batches hold one', async () => {
    const { queue, batches } = setUp()
    for (const entry of ['a', 'b', 'c']) queue.add(entry)
    await settle()
    expect(batches).toEqual([['a'], ['b'], ['c']])
  })

  it('waits for a batch to fill, but not for ever', async () => {
    const { queue, batches, time } = setUp({ max_batch_size: 2 })
    for (const entry of ['a', 'b', 'c']) queue.add(entry)
    await settle()
    expect(batches).toEqual([['a', 'b']])
    time.elapse()
    await settle()
    expect(batches).toEqual([['a', 'b'], ['c']])
  })

  it('delivers as soon as the batch is full', async () => {
    const { queue, batches, time } = setUp({ max_batch_size: 2 })
    queue.add('a')
    await settle()
    expect(batches).toEqual([])
    queue.add('b')
    await settle()
    expect([batches, time.waits]).toEqual([[['a', 'b']], [1000]])
  })

  it('tries again with growing delays, then gives up', async () => {
    const { queue, batches, time, logged } = setUp({ max_retry_time: 12 }, () =>
      Promise.reject(new Error('down')),
    )
    queue.add('a')
    for (let round = 0; round < 8; round += 1) {
      await settle()
      time.elapse()
    }
    expect(time.waits).toEqual([1000, 2000, 4000, 4000])
    expect(batches).toHaveLength(5)
    expect(logged.at(-1)).toContain('dropped')
  })

  it('goes on after a failure that passes, in order', async () => {
    let failures = 1
    const { queue, batches, time } = setUp({}, () =>
      failures-- > 0 ? Promise.reject(new Error('down')) : Promise.resolve(),
    )
    queue.add('a')
    queue.add('b')
    await settle()
    time.elapse()
    await settle()
    expect(batches).toEqual([['a'], ['a'], ['b']])
  })

  it('does not try again when it shall not', async () => {
    const { queue, time } = setUp({ max_retry_time: -1 }, () => Promise.reject(new Error('down')))
    queue.add('a')
    await settle()
    expect(time.waits).toEqual([])
  })

  it('drops the oldest when too many wait, and says so once', async () => {
    const { queue, batches, logged } = setUp({ max_entries: 2 }, () => new Promise(() => undefined))
    for (const entry of ['first', 'a', 'b', 'c', 'd']) queue.add(entry)
    await settle()
    expect([batches, queue.size]).toEqual([[['first']], 2])
    expect(logged).toHaveLength(1)
  })

  it('drops the oldest when they are too many bytes', () => {
    const { queue } = setUp({ max_bytes: 4, max_batch_size: 10 })
    for (const entry of ['aaa', 'bb', 'cc']) queue.add(entry)
    expect(queue.size).toBe(2)
  })

  it('delivers what waits when the thread ends, and waits for no more', async () => {
    const { queue, batches, ended } = setUp({ max_batch_size: 3 })
    for (const entry of ['a', 'b', 'c', 'd']) queue.add(entry)
    await settle()
    expect(batches).toEqual([['a', 'b', 'c']])
    await ended()
    queue.add('e')
    await ended()
    expect(batches).toEqual([['a', 'b', 'c'], ['d'], ['e']])
  })

  it.each([1, -1])('gives up what fails when the thread ends, %s at a time', async (limit) => {
    const { queue, batches, logged, ended } = setUp({ concurrency_limit: limit }, () =>
      Promise.reject(new Error('down')),
    )
    queue.add('a')
    await settle()
    await ended()
    expect(batches).toEqual([['a'], ['a']])
    expect(logged.at(-1)).toContain('dropped')
  })

  it('delivers batches side by side when there is no limit', async () => {
    const { queue, batches } = setUp({ concurrency_limit: -1 }, () => new Promise(() => undefined))
    for (const entry of ['a', 'b']) queue.add(entry)
    await settle()
    expect(batches).toEqual([['a'], ['b']])
  })
})
