import { describe, expect, it } from 'vitest'
import { queueConfig } from '../../plugin-kit/queue-fields.ts'
import { configFaults, parsedConfig } from '../../plugin-kit/testing/test-plugin.ts'
import { logEndpoint } from './log-endpoint.ts'
import { httpLog } from './plugin.ts'
import type { Config } from './schema.ts'

const URL = 'http://logs.test/in'
const configOf = (config: Record<string, unknown>) =>
  parsedConfig(httpLog, config) as unknown as Config

describe('http-log › schema', () => {
  it.each([
    [{}, 'config.http_endpoint: required field missing'],
    [{ http_endpoint: '/in' }, 'config.http_endpoint: missing host in url'],
    [{ http_endpoint: URL, method: 'GET' }, 'config.method: expected one of: POST, PUT, PATCH'],
    [
      { http_endpoint: URL, headers: { Host: 'x' } },
      "config.headers: cannot contain 'Host' header",
    ],
    [
      { http_endpoint: URL, headers: { 'content-length': '1' } },
      "config.headers: cannot contain 'Content-Length' header",
    ],
    [
      { http_endpoint: URL, headers: { 'CONTENT-TYPE': 'x' } },
      "config.headers: cannot contain 'Content-Type' header",
    ],
    [
      { http_endpoint: URL, queue: { max_batch_size: 0 } },
      'config.queue.max_batch_size: value should be between 1 and 1000000',
    ],
    [
      { http_endpoint: 'http://a:b@logs.test', headers: { authorization: 'x' } },
      "config: specifying both an 'Authorization' header and user info in 'http_endpoint' is not allowed",
    ],
  ])('refuses %j', (config, fault) => {
    expect(configFaults(httpLog, config)).toEqual([fault])
  })

  it('lets the settings of old decide where they differ from their defaults', () => {
    const queueOf = (old: Record<string, unknown>) => {
      const config = configOf({ http_endpoint: URL, ...old })
      const { max_batch_size, max_coalescing_delay } = queueConfig(config.queue, config)
      return [max_batch_size, max_coalescing_delay]
    }
    expect(queueOf({})).toEqual([1, 1])
    expect(queueOf({ queue_size: 1, flush_timeout: 2, retry_count: 10 })).toEqual([1, 1])
    expect(queueOf({ queue_size: 5, flush_timeout: 0.5 })).toEqual([5, 0.5])
  })
})

describe('logEndpoint', () => {
  it('has one name for all that send to the same place in the same way', () => {
    const name = (config: Record<string, unknown>) => logEndpoint(configOf(config)).name
    expect(name({ http_endpoint: URL })).toBe(
      name({ http_endpoint: URL, queue: { max_batch_size: 9 } }),
    )
    expect(name({ http_endpoint: URL })).not.toBe(name({ http_endpoint: URL, method: 'PUT' }))
    expect(name({ http_endpoint: 'http://user:secret@logs.test' })).not.toContain('secret')
  })
})
