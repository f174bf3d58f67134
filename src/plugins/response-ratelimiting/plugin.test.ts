import { describe, expect, it } from 'vitest'
import type { NodeServices } from '../../plugin-kit/plugin.ts'
import type { RemoteCounters } from '../../plugin-kit/redis-counters.ts'
import {
  configFaults,
  testGateway,
  type TestOutcome,
} from '../../plugin-kit/testing/test-plugin.ts'
import { responseRateLimiting, responseRateLimitingWithDatabase } from './plugin.ts'

const used = (value: string) => ({ reply: { headers: { 'X-Kong-Limit': value }, body: 'hello' } })
const VIDEO = { limits: { video: { minute: 2 } } }

function seen({ response, body }: TestOutcome) {
  const left = response.headers().filter(([name]) => /remaining/i.test(name))
  return [response.status, body, Object.fromEntries(left)]
}

describe('response-ratelimiting', () => {
  it('counts what the upstream says, and stops the response that goes beyond', async () => {
    const gateway = testGateway([[responseRateLimiting, VIDEO]])
    const outcomes = []
    for (const value of ['video=1', 'video=1', 'video=1', 'none=9', ''])
      outcomes.push(seen(await gateway.send(used(value))))
    const left = (count: string) => ({ 'X-RateLimit-Remaining-video-minute': count })
    expect(outcomes).toEqual([
      [200, 'hello', left('1')],
      [200, 'hello', left('0')],
      [429, '', left('0')],
      [200, 'hello', left('0')],
      [200, 'hello', left('0')],
    ])
  })

  it('keeps several limits and windows apart', async () => {
    const limits = { video: { minute: 5, hour: 9 }, image: { minute: 3 } }
    const gateway = testGateway([[responseRateLimiting, { limits }]])
    const [, , left] = seen(await gateway.send(used(' video = 2 , image=1, video2=7, image=x')))
    expect(left).toEqual({
      'X-RateLimit-Remaining-video-minute': '3',
      'X-RateLimit-Remaining-video-hour': '7',
      'X-RateLimit-Remaining-image-minute': '2',
    })
  })

  it('tells the upstream the least that is left, and keeps its answer from the client', async () => {
    const gateway = testGateway([
      [responseRateLimiting, { limits: { video: { minute: 2, hour: 9 } } }],
    ])
    await gateway.send(used('video=1'))
    const { upstream, response } = await gateway.send(used('video=1'))
    expect(upstream.header('x-ratelimit-remaining-video')).toBe('1')
    expect(response.header('x-kong-limit')).toBeUndefined()
  })

  it('stops requests at once when so configured', async () => {
    const config = { ...VIDEO, block_on_first_violation: true }
    const gateway = testGateway([[responseRateLimiting, config]])
    await gateway.send(used('video=2'))
    const { answer } = await gateway.send()
    expect(answer).toMatchObject({
      kind: 'error',
      status: 429,
      message: "API rate limit exceeded for 'video'",
    })
  })

  it('hides the headers if so configured, and reads another one', async () => {
    const config = { ...VIDEO, hide_client_headers: true, header_name: 'X-Used' }
    const gateway = testGateway([[responseRateLimiting, config]])
    const reply = { headers: { 'X-Used': 'video=2' } }
    const { response } = await gateway.send({ reply })
    expect(response.headers()).toEqual([])
    expect((await gateway.send({ reply })).response.status).toBe(429)
  })

  it('counts for each address', async () => {
    const gateway = testGateway([[responseRateLimiting, { ...VIDEO, limit_by: 'ip' }]])
    await gateway.send({ ...used('video=2'), ip: '1.1.1.1' })
    const { response } = await gateway.send({ ...used('video=1'), ip: '2.2.2.2' })
    expect(response.status).toBe(200)
  })

  describe('with Redis', () => {
    const config = { ...VIDEO, policy: 'redis', redis: { host: 'redis.test' } }
    const nodeWith = (counters: RemoteCounters): Partial<NodeServices> => ({
      keep: () => counters as never,
    })

    it('reads before and adds after', async () => {
      const added: unknown[] = []
      const node = nodeWith({
        read: async (keys) => keys.map(() => 1),
        increment: async (increments) => {
          added.push(...increments.map(({ by, ttlSeconds }) => [by, ttlSeconds]))
          return []
        },
      })
      const gateway = testGateway([[responseRateLimiting, config]], { node })
      expect(seen(await gateway.send(used('video=1')))[0]).toBe(200)
      expect(added).toEqual([[1, 60]])
    })

    it('lets requests through when it fails, or fails them if so configured', async () => {
      const fail = () => Promise.reject(new Error('gone'))
      const node = nodeWith({ read: fail, increment: fail })
      const tolerant = testGateway([[responseRateLimiting, config]], { node })
      expect(seen(await tolerant.send(used('video=1')))).toEqual([200, 'hello', {}])
      const strict = [[responseRateLimiting, { ...config, fault_tolerant: false }]] as const
      await expect(testGateway(strict, { node }).send()).rejects.toThrow('Cannot read usage')
    })
  })

  it.each([
    [{ limits: {} }, 'config.limits: length must be at least 1'],
    [{}, 'config.limits: required field missing'],
    [{ limits: { video: { minute: 0 } } }, 'config.limits.minute: value must be greater than 0'],
    [
      { limits: { video: { minute: 1, second: 2 } } },
      'config.limits: the limit for minute(1.0) cannot be lower than the limit for second(2.0)',
    ],
    [{ ...VIDEO, policy: 'cluster' }, 'config.policy: expected one of: local, redis'],
  ])('refuses the config %j', (config, fault) => {
    expect(configFaults(responseRateLimiting, config)).toEqual([fault])
  })

  it('knows counters in a database where there is one', () => {
    expect(configFaults(responseRateLimitingWithDatabase, { ...VIDEO, policy: 'cluster' })).toEqual(
      [],
    )
  })
})
