import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { WorkQueue } from './work-queue.ts'

describe('WorkQueue', () => {
  it('does one thing after the other, each with its own result', async () => {
    const queue = new WorkQueue()
    const seen: string[] = []
    const add = (name: string, turns: number): Promise<string> =>
      queue.add(async () => {
        seen.push(`${name} begins`)
        for (let turn = 0; turn < turns; turn += 1) await nextTurn()
        seen.push(`${name} ends`)
        return name
      })
    expect(await Promise.all([add('long', 5), add('short', 0)])).toEqual(['long', 'short'])
    expect(seen).toEqual(['long begins', 'long ends', 'short begins', 'short ends'])
  })

  it('goes on after what failed, of which its caller hears', async () => {
    const queue = new WorkQueue()
    const failing = queue.add(() => Promise.reject(new Error('no')))
    const following = queue.add(() => Promise.resolve('yes'))
    await expect(failing).rejects.toThrow('no')
    expect(await following).toBe('yes')
  })
})
