import { describe, expect, it } from 'vitest'
import type { Route } from '../../entities/entity.ts'
import { configFaults, testPlugin } from '../../plugin-kit/testing/test-plugin.ts'
import { requestTermination } from './plugin.ts'

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' }

describe('request-termination', () => {
  it.each([
    [{}, 503, '{"message":"Service unavailable"}', JSON_TYPE],
    [{ status_code: 404 }, 404, '{"message":"Not found"}', JSON_TYPE],
    [{ status_code: 502 }, 502, '{"message":"Bad Gateway"}', JSON_TYPE],
    [{ status_code: 403, message: 'So long' }, 403, '{"message":"So long"}', JSON_TYPE],
    [{ status_code: 204 }, 204, undefined, undefined],
    [
      { status_code: 200, content_type: 'text/html', body: '<p>' },
      200,
      '<p>',
      { 'content-type': 'text/html' },
    ],
    [{ status_code: 200, body: 'x' }, 200, 'x', {}],
  ])('answers %j', async (config, status, body, headers) => {
    const { answer } = await testPlugin(requestTermination, config)
    expect(answer).toMatchObject({ kind: 'exit', status })
    expect([answer?.kind === 'exit' && answer.body, answer?.headers]).toEqual([body, headers])
  })

  it('says the message to gRPC clients', async () => {
    const { answer } = await testPlugin(requestTermination, { message: 'closed' })
    expect(answer?.message).toBe('closed')
  })

  it.each([
    ['nothing', {}, '/', undefined],
    ['a header', { 'X-Stop': '' }, '/', 200],
    ['a query argument', {}, '/?x-stop=1', 200],
    ['a bare query argument', {}, '/?x-stop', 200],
  ])('with a trigger acts on %s', async (_, headers, path, status) => {
    const config = { trigger: 'x-stop', status_code: 200, message: 'stopped' }
    const { answer } = await testPlugin(requestTermination, config, { request: { headers, path } })
    expect(answer?.status).toBe(status)
  })

  it('echoes the request, its route and the node', async () => {
    const route = { id: 'r', name: 'echo', tags: null } as unknown as Route
    const { body } = await testPlugin(
      requestTermination,
      { echo: true, status_code: 200 },
      {
        request: {
          method: 'POST',
          path: '/x?a=1&a=2&b',
          headers: { Host: 'h.test', 'Content-Type': 'application/json' },
          body: '{"k":[1]}',
          route,
        },
      },
    )
    expect(JSON.parse(body)).toMatchObject({
      kong: { hostname: 'test', worker_pid: process.pid },
      matched_route: { id: 'r', name: 'echo' },
      request: {
        body: { k: [1] },
        headers: { host: 'h.test', 'content-type': 'application/json' },
        host: 'h.test',
        method: 'POST',
        path: '/x',
        query: { a: ['1', '2'], b: true },
        raw_body: '{"k":[1]}',
        uri_captures: { named: {}, unnamed: [] },
      },
    })
    expect(body).not.toContain('null')
  })

  it.each([
    [{}, 'Service unavailable'],
    [{ status_code: 404 }, 'Not found'],
    [{ status_code: 404, message: 'gone' }, 'gone'],
    [{ status_code: 418 }, undefined],
  ])('says with an echo and %j: %s', async (config, message) => {
    const { body } = await testPlugin(requestTermination, { echo: true, ...config })
    expect((JSON.parse(body) as { message?: string }).message).toBe(message)
  })

  it.each([
    [{ message: 'm', body: 'b' }, 'config: message cannot be used with content_type or body'],
    [{ content_type: 'text/plain' }, 'config: content_type requires a body'],
    [{ echo: true, body: 'b' }, 'config: echo cannot be used with content_type and body'],
    [{ status_code: 99 }, 'config.status_code: value should be between 100 and 599'],
  ])('refuses the config %j', (config, message) => {
    expect(configFaults(requestTermination, config)).toEqual([message])
  })
})
