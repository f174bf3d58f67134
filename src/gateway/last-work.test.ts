import { describe, expect, it } from 'vitest'
import { LastWork } from './last-work.ts'

const NEVER_MS = 2 ** 30

describe('LastWork', () => {
  it('ends when all is done, however it came out, and what was added meanwhile', async () => {
    const work = new LastWork()
    const done: string[] = []
    const first = Promise.withResolvers<void>()
    work.add(Promise.reject(new Error('said elsewhere')))
    work.add(
      first.promise.then(() => {
        done.push('first')
        work.add(Promise.resolve().then(() => done.push('second')))
      }),
    )
    const end = work.end(NEVER_MS)
    expect(work.ending.aborted).toBe(true)
    first.resolve()
    await end
    expect(done).toEqual(['first', 'second'])
  })

  it('does not wait for ever', async () => {
    const work = new LastWork()
    work.add(new Promise(() => undefined))
    await expect(work.end(1)).resolves.toBeUndefined()
  })
})
