import { describe, expect, it } from 'vitest'
import { rememberedCredentials, type AwsCredentials } from './credentials.ts'

const HOUR = 3_600_000
const of = (accessKeyId: string, expiresAtMs?: number): AwsCredentials => ({
  accessKeyId,
  secretAccessKey: 'secret',
  ...(expiresAtMs !== undefined && { expiresAtMs }),
})

describe('rememberedCredentials', () => {
  it('takes the first that are to be had, past places that fail', async () => {
    const get = rememberedCredentials(
      [
        async () => undefined,
        async () => {
          throw new Error('out of reach')
        },
        async () => of('third'),
        async () => of('fourth'),
      ],
      () => 0,
    )
    expect((await get()).accessKeyId).toBe('third')
  })

  it('asks once for many at the same time, and again shortly before the end', async () => {
    let asked = 0
    let now = 0
    const get = rememberedCredentials(
      [async () => of(`key-${(asked += 1)}`, now + HOUR)],
      () => now,
    )
    await Promise.all([get(), get()])
    expect(asked).toBe(1)
    now = HOUR - 6 * 60_000
    expect((await get()).accessKeyId).toBe('key-1')
    now = HOUR - 4 * 60_000
    expect((await get()).accessKeyId).toBe('key-2')
  })

  it('tells why there are none, and asks again the next time', async () => {
    let isThere = false
    const get = rememberedCredentials(
      [
        async () => {
          if (isThere) return of('key')
          throw new Error('out of reach')
        },
      ],
      () => 0,
    )
    await expect(get()).rejects.toThrow('Cannot find AWS credentials: out of reach')
    isThere = true
    expect((await get()).accessKeyId).toBe('key')
    await expect(rememberedCredentials([], () => 0)()).rejects.toThrow('none are configured')
  })
})
