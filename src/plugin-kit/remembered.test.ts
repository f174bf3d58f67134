import { describe, expect, it } from 'vitest'
import { remembered } from './remembered.ts'

function setUp() {
  const asked: string[] = []
  const memory = remembered<unknown>(() => 0)
  const get = (secret: string, value: unknown = secret, untilMs = 1) =>
    memory.get(secret, async () => {
      asked.push(secret)
      return { value, untilMs }
    })
  const isKnown = async (secret: string): Promise<boolean> => {
    const before = asked.length
    await get(secret, undefined, 0)
    return asked.length === before
  }
  return { memory, asked, get, isKnown }
}

describe('remembered', () => {
  it('asks once for all who want the same, and again when its time is over', async () => {
    const { asked, get } = setUp()
    expect(await Promise.all([get('a', 1, 0), get('a', 2, 0)])).toEqual([1, 1])
    expect(await get('a', 3)).toBe(3)
    expect(await get('a', 4)).toBe(3)
    expect(asked).toEqual(['a', 'a'])
  })

  it('tells who asks again what was found before', async () => {
    let now = 0
    const memory = remembered<number>(() => now)
    const told: unknown[] = []
    for (now = 0; now < 3; now += 1)
      await memory.get('a', async (before) => {
        told.push(before)
        return { value: now, untilMs: now + 1 }
      })
    expect(told).toEqual(
      [undefined, { value: 0, untilMs: 1 }, { value: 1, untilMs: 2 }].map(
        (each) => each && expect.objectContaining(each),
      ),
    )
  })

  it('holds no more than ten thousand answers, the newest', async () => {
    const { get, isKnown } = setUp()
    for (let at = 0; at < 10_100; at += 1) await get(String(at))
    expect(await isKnown('0')).toBe(false)
    expect(await isKnown('99')).toBe(false)
    expect(await isKnown('10099')).toBe(true)
  })

  it('holds fewer where they are long', async () => {
    const { get, isKnown } = setUp()
    const megabyte = { text: 'x'.repeat(1024 * 1024) }
    for (let at = 0; at < 100; at += 1) await get(String(at), megabyte)
    const known: number[] = []
    for (let at = 0; at < 100; at += 1) if (await isKnown(String(at))) known.push(at)
    expect(known).toEqual([93, 94, 95, 96, 97, 98, 99])
  })

  it('does not give up the others for one that is too long', async () => {
    const { get, isKnown } = setUp()
    await get('short')
    await get('long', 'x'.repeat(9 * 1024 * 1024))
    expect(await isKnown('long')).toBe(false)
    expect(await isKnown('short')).toBe(true)
  })

  it('has room again for what it was told to forget', async () => {
    const { memory, get, isKnown } = setUp()
    const half = 'x'.repeat(3 * 1024 * 1024)
    await get('a', half)
    await get('b', half)
    memory.forget('a')
    await get('c', half)
    expect([await isKnown('b'), await isKnown('c'), await isKnown('a')]).toEqual([
      true,
      true,
      false,
    ])
  })
})
