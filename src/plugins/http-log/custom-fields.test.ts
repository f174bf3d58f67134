import { describe, expect, it } from 'vitest'
import type { Route } from '../../entities/entity.ts'
import { httpLog } from './plugin.ts'
import { logTexts } from '../../plugin-kit/custom-log-fields.ts'
import { fakeExchange, type FakeRequest } from '../../plugin-kit/testing/fake-exchange.ts'
import { fakeSession } from '../../plugin-kit/testing/fake-session.ts'
import {
  configFaults,
  testContext,
  type TestSetting,
} from '../../plugin-kit/testing/test-plugin.ts'

function valueOf(code: string, request: FakeRequest = {}, setting: TestSetting = {}): unknown {
  const exchange = fakeExchange(request, { startedAtMs: 1000, recordsDecisions: false })
  exchange.shared.set('greeting', { text: 'hi' })
  logTexts({ field: code }, testContext(httpLog, setting).node).of(exchange)
  return exchange.logValues.get('field')
}

describe('logTexts() › computed fields', () => {
  it.each([
    ['return 42', 42],
    ['return "text"', 'text'],
    ['return nil', undefined],
    ['return {1, 2, {a = true}}', [1, 2, { a: true }]],
    ['return kong.request.get_header("X-Some_One")', 'me'],
    ['return kong.request.get_header("x-some-one")', 'me'],
    ['return kong.request.get_headers()["X_Some_One"]', 'me'],
    ['return kong.request.get_method() .. " " .. kong.request.get_path_with_query()', 'GET /x?a=1'],
    ['return kong.request.get_query_arg("a")', '1'],
    ['return kong.response.get_status() + 1', 201],
    ['return kong.client.get_forwarded_ip()', '127.0.0.1'],
    ['return kong.ctx.shared.greeting.text', 'hi'],
    ['return ngx.var.http_x_some_one .. ngx.var.arg_a .. ngx.var.remote_addr', 'me1127.0.0.1'],
    ['local n = 0 for _ in pairs(kong.request.get_query()) do n = n + 1 end return n', 1],
    ['return kong.router.get_route()', undefined],
    ['return kong.node.get_hostname()', 'test'],
  ])('computes %s', (code, expected) => {
    const request = { path: '/x?a=1', headers: { 'X-Some-One': 'me' } }
    expect(valueOf(code, request)).toEqual(expected)
  })

  it.each([
    ['return kong.client.get_forwarded_ip() .. ":" .. kong.client.get_port()', '192.0.2.1:7'],
    ['return kong.client.get_protocol()', 'udp'],
    ['return ngx.var.bytes_sent + ngx.var.bytes_received', 5],
    ['return ngx.var.protocol .. ngx.var.status', 'UDP200'],
    ['return kong.router.get_route().name', 'r'],
    ['kong.log.set_serialize_value("session.sent", nil) return "also"', 'also'],
  ])('computes %s for sessions', (code, expected) => {
    const session = fakeSession({
      protocol: 'udp',
      ip: '192.0.2.1',
      port: 7,
      receivedBytes: 2,
      sentBytes: 3,
      route: { id: '1', name: 'r' } as Route,
    })
    const text = logTexts({ field: code }, testContext(httpLog).node).ofSession(session)
    expect(JSON.parse(text)).toMatchObject({ field: expected, client_ip: '192.0.2.1' })
  })

  it('reports code that fails, and goes on', () => {
    const logged: string[] = []
    expect(valueOf('return nothing.here', {}, { logged })).toBeUndefined()
    expect(logged).toEqual([expect.stringContaining('"field" failed')])
  })

  it('runs nothing where Lua is switched off', () => {
    const logged: string[] = []
    const settings = { untrusted_lua: 'off' }
    expect(valueOf('return 1', {}, { logged, settings })).toBeUndefined()
    expect(logged).toEqual([expect.stringContaining('switched off')])
  })

  it('are checked when they are configured', () => {
    const config = { http_endpoint: 'http://x.test', custom_fields_by_lua: { a: 'return +' } }
    expect(configFaults(httpLog, config)).toEqual([
      expect.stringContaining('error parsing function: [string'),
    ])
  })
})
