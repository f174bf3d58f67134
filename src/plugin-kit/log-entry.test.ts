import { describe, expect, it } from 'vitest'
import type { Route, Service } from '../entities/entity.ts'
import { logEntry, setValue, type LogEntry } from './log-entry.ts'
import { fakeExchange, type FakeExchange, type FakeRequest } from './testing/fake-exchange.ts'
import { DEFAULT_WORKSPACE } from './workspace.ts'

const STARTED = 1_700_000_000_123

function exchangeFor(request: FakeRequest = {}): FakeExchange {
  return fakeExchange(request, { startedAtMs: STARTED, recordsDecisions: false })
}

describe('logEntry', () => {
  it('tells about request, response, times and entities', () => {
    const exchange = exchangeFor({
      method: 'POST',
      path: '/x?a=1&a=2&b',
      headers: { Host: 'h.test:8000', 'X-A': 'b', Authorization: 'Bearer secret' },
      body: 'hello',
      route: { id: 'r', name: null, paths: ['/x'] } as unknown as Route,
      service: { id: 's', name: 'svc', tags: null } as unknown as Service,
    })
    exchange.authenticate({
      consumer: { id: 'c', username: 'ann', custom_id: null, tags: null },
      credential: { id: 'k' },
      credentialIdentifier: 'k',
    })
    exchange.response.status = 201
    exchange.response.setHeader('X-B', ['1', '2'])
    exchange.response.sizeBytes = 99
    exchange.response.upstreamStatus = 200
    expect(logEntry(exchange)).toEqual({
      request: {
        id: exchange.id,
        uri: '/x?a=1&a=2&b',
        url: 'http://h.test:8000/x?a=1&a=2&b',
        querystring: { a: ['1', '2'], b: true },
        method: 'POST',
        headers: {
          host: 'h.test:8000',
          'x-a': 'b',
          authorization: 'REDACTED',
          'x-consumer-id': 'c',
          'x-consumer-username': 'ann',
          'x-credential-identifier': 'k',
        },
        size: 5,
      },
      upstream_uri: '/x?a=1&a=2&b',
      upstream_status: '200',
      response: { status: 201, headers: { 'x-b': ['1', '2'] }, size: 99 },
      latencies: { kong: 0, proxy: -1, request: -1, receive: 0 },
      tries: [],
      source: 'upstream',
      authenticated_entity: { id: 'k' },
      route: { id: 'r', paths: ['/x'], ws_id: DEFAULT_WORKSPACE.id },
      service: { id: 's', name: 'svc', ws_id: DEFAULT_WORKSPACE.id },
      consumer: { id: 'c', username: 'ann' },
      client_ip: '127.0.0.1',
      started_at: STARTED,
      workspace: DEFAULT_WORKSPACE.id,
      workspace_name: 'default',
    })
  })

  it('keeps the sign of a query of nothing', () => {
    const exchange = exchangeFor({ path: '/x?', route: { id: 'r' } as Route })
    expect(logEntry(exchange)).toMatchObject({
      request: { uri: '/x?', querystring: {} },
      upstream_uri: '/x?',
    })
  })

  it('shows bytes as the text that they are', () => {
    const exchange = exchangeFor({
      path: '/\u00C3\u00A4?\u00C3\u00BC=1',
      headers: { 'X-A': '\u00C3\u00B6' },
      route: { id: 'r' } as Route,
    })
    exchange.response.setHeader('X-B', '\u00C3\u009F')
    expect(logEntry(exchange)).toMatchObject({
      request: { uri: '/ä?ü=1', querystring: { ü: '1' }, headers: { 'x-a': 'ö' } },
      response: { headers: { 'x-b': 'ß' } },
    })
  })

  it('tells about tries, and where the request went', () => {
    const tries = [
      { ip: '::1', port: 1, state: 'failed', code: 502, startedAtMs: 5, balancerMs: 1 },
      {
        ip: '127.0.0.1',
        port: 2,
        state: undefined,
        code: undefined,
        startedAtMs: 7,
        balancerMs: 0,
      },
    ] as const
    const route = { id: 'r' } as unknown as Route
    const exchange = { ...exchangeFor({ path: '/x?q', route }), tries }
    exchange.response.upstreamStatus = 200
    expect(logEntry(exchange)).toMatchObject({
      upstream_uri: '/x?q',
      upstream_status: '502, 200',
      tries: [
        { ip: '::1', state: 'failed', code: 502, balancer_start: 5, balancer_start_ns: 5_000_000 },
        { ip: '127.0.0.1', balancer_latency: 0 },
      ],
    })
  })

  it('counts a last try that failed among the statuses', () => {
    const failed = { ip: '::1', port: 1, state: 'failed', code: 502, startedAtMs: 5, balancerMs: 0 }
    const last = { ...failed, state: undefined, code: undefined }
    const exchange = { ...exchangeFor(), tries: [failed, last] } as unknown as FakeExchange
    exchange.response.status = 504
    expect(logEntry(exchange)['upstream_status']).toBe('502, 504')
  })

  it('tells the date of an upstream, and none that the gateway added while it sent', () => {
    const headersOf = (exchange: FakeExchange): unknown =>
      (logEntry(exchange)['response'] as LogEntry)['headers']
    const exchange = exchangeFor()
    const sent = [
      ['Date', 'Sat, 01 Nov 2025 00:00:00 GMT'],
      ['X-B', '1'],
    ] as const
    Object.assign(exchange.response, { sentHeaders: () => sent })
    expect(headersOf(exchange)).toEqual({ 'x-b': '1' })
    exchange.response.setHeader('Date', sent[0][1])
    expect(headersOf(exchange)).toEqual({ date: sent[0][1], 'x-b': '1' })
  })

  it('knows no upstream where no route matched', () => {
    const entry = logEntry(exchangeFor({ path: '/x' }))
    expect(entry['upstream_uri']).toBe('')
    expect(entry).not.toHaveProperty('tries')
  })

  it('holds what plugins add to it', () => {
    const exchange = exchangeFor()
    exchange.setLogValue('correlation_id', 'x')
    exchange.setLogValue('client_ip', undefined)
    exchange.setLogValue('request.headers', undefined)
    const entry = logEntry(exchange)
    expect(entry['correlation_id']).toBe('x')
    expect(entry).not.toHaveProperty('client_ip')
    expect(entry['request']).not.toHaveProperty('headers')
  })

  it('can always be written as JSON', () => {
    expect(() => JSON.stringify(logEntry(exchangeFor({ path: '/?__proto__=1' })))).not.toThrow()
  })
})

describe('setValue', () => {
  it.each([
    ['a', 1, { a: 1 }],
    ['a.b.c', 1, { a: { b: { c: 1 } } }],
    [String.raw`a\.b`, 1, { 'a.b': 1 }],
    ['kept.more', 1, { kept: { value: true, more: 1 } }],
  ])('sets %s', (key, value, expected) => {
    const entry: LogEntry = key.startsWith('kept') ? { kept: { value: true } } : {}
    setValue(entry, key, value)
    expect(entry).toEqual(expected)
  })

  it('never reaches an object’s prototype', () => {
    setValue({}, '__proto__.polluted', 1)
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })
})
