import { describe, expect, it } from 'vitest'
import { testGateway, testPlugin } from '../../plugin-kit/testing/test-plugin.ts'
import { correlationId } from './plugin.ts'

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'
const sent = (headers: Record<string, string>) => ({ request: { headers } })

describe('correlation-id', () => {
  it('counts the requests of a worker', async () => {
    const gateway = testGateway([[correlationId, {}]])
    const ids = [await gateway.send(), await gateway.send()].map(({ upstream }) =>
      upstream.header('kong-request-id')?.split('#'),
    )
    expect(ids.map((id) => id?.[1])).toEqual(['1', '2'])
    expect(ids[0]?.[0]).toMatch(new RegExp(`^${UUID}$`))
    expect(ids[1]?.[0]).toBe(ids[0]?.[0])
  })

  it('counts for all instances of a worker alike', async () => {
    const gateway = testGateway([
      [correlationId, { header_name: 'X-A' }],
      [correlationId, { header_name: 'X-B' }],
    ])
    const { upstream } = await gateway.send()
    expect(upstream.header('x-a')).toMatch(/#1$/)
    expect(upstream.header('x-b')).toMatch(/#2$/)
  })

  it('makes a new UUID for each request', async () => {
    const gateway = testGateway([[correlationId, { generator: 'uuid' }]])
    const ids = [await gateway.send(), await gateway.send()].map(({ upstream }) =>
      upstream.header('kong-request-id'),
    )
    expect(ids[0]).toMatch(new RegExp(`^${UUID}$`))
    expect(ids[0]).not.toBe(ids[1])
  })

  it('tracks address, process, connection, request and time', async () => {
    const { upstream } = await testPlugin(correlationId, { generator: 'tracker' })
    expect(upstream.header('kong-request-id')).toBe(
      `127.0.0.1-8000-${process.pid}-7-1-1767225600.000`,
    )
  })

  it('keeps an id that the client sends, and replaces an empty one', async () => {
    const kept = await testPlugin(correlationId, {}, sent({ 'kong-request-id': 'mine' }))
    expect(kept.upstream.headerValues('kong-request-id')).toEqual(['mine'])
    expect(kept.exchange.logValues.get('correlation_id')).toBe('mine')
    const made = await testPlugin(correlationId, {}, sent({ 'Kong-Request-ID': '' }))
    expect(made.upstream.header('kong-request-id')).toMatch(/#1$/)
  })

  it('tells the client only if so configured', async () => {
    const silent = await testPlugin(correlationId, {})
    expect(silent.response.header('kong-request-id')).toBeUndefined()
    const loud = await testPlugin(correlationId, { echo_downstream: true, header_name: 'X-Trace' })
    expect(loud.response.header('x-trace')).toBe(loud.upstream.header('x-trace'))
  })
})
