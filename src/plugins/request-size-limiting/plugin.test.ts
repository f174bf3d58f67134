import { describe, expect, it } from 'vitest'
import { configFaults, testPlugin } from '../../plugin-kit/testing/test-plugin.ts'
import { requestSizeLimiting } from './plugin.ts'

const post = (length: number, headers: Record<string, string> = {}) => ({
  method: 'POST',
  body: 'a'.repeat(length),
  headers,
})
const CHUNKED = { 'Transfer-Encoding': 'chunked' }
const ONE_KB = { allowed_payload_size: 1, size_unit: 'kilobytes' }

describe('request-size-limiting', () => {
  it.each([
    ['the limit', ONE_KB, post(1024), undefined],
    ['a byte more', ONE_KB, post(1025), 413],
    ['a byte more, asking first', ONE_KB, post(1025, { Expect: ' 100-Continue' }), 417],
    ['chunks within the limit', ONE_KB, post(1024, CHUNKED), undefined],
    ['chunks beyond it', ONE_KB, post(1025, CHUNKED), 413],
    ['a megabyte', { allowed_payload_size: 1 }, post(1_048_576), undefined],
    ['more than a megabyte', { allowed_payload_size: 1 }, post(1_048_577), 413],
    ['bytes', { allowed_payload_size: 3, size_unit: 'bytes' }, post(4), 413],
    ['no body', ONE_KB, {}, undefined],
    ['no body where a length is wanted', { ...ONE_KB, require_content_length: true }, {}, 411],
    [
      'chunks where a length is wanted',
      { ...ONE_KB, require_content_length: true },
      post(3, CHUNKED),
      undefined,
    ],
    [
      'a length where one is wanted',
      { ...ONE_KB, require_content_length: true },
      post(3),
      undefined,
    ],
  ])('answers %s', async (_, config, request, status) => {
    const { answer } = await testPlugin(requestSizeLimiting, config, { request })
    expect(answer?.status).toBe(status)
  })

  it('uses Kong’s words', async () => {
    const { answer } = await testPlugin(requestSizeLimiting, ONE_KB, { request: post(2000) })
    expect(answer).toMatchObject({ kind: 'error', message: 'Request size limit exceeded' })
  })

  it('refuses other units', () => {
    expect(configFaults(requestSizeLimiting, { size_unit: 'gigabytes' })).toEqual([
      'config.size_unit: expected one of: megabytes, kilobytes, bytes',
    ])
  })
})
