import { describe, expect, it } from 'vitest'
import type { ProxyExchange } from '../proxy/exchange.ts'
import { GatewayError } from '../proxy/gateway-error.ts'
import { DecisionRecorder } from './decision-recorder.ts'

const LIMITS = { count: 1000, bytes: 1_000_000, sample: 0 }

function exchange(id: string, more: Partial<Record<keyof ProxyExchange, unknown>> = {}) {
  return {
    id,
    finishedAtMs: 1000,
    wantsPasses: false,
    noted: [],
    refusal: new GatewayError('no_route_matched', 'No route matches the request'),
    response: { source: 'error', status: 404 },
    head: { method: 'GET' },
    request: {
      scheme: 'http',
      port: 80,
      rawPath: '/a',
      httpVersion: '1.1',
      ip: '127.0.0.1',
    },
    routing: {
      host: 'a',
      rawQuery: 'token=abc&lone-secret',
      sourcePort: 1,
      destinationIp: '127.0.0.1',
      headerValues: () => [],
    },
    snapshot: { version: 1, entities: { rows: () => [] } },
    latencies: { requestMs: 1, gatewayMs: 1, upstreamMs: -1 },
    tries: [],
    ...more,
  } as unknown as ProxyExchange
}

describe('DecisionRecorder', () => {
  it('keeps what the gateway answered, and of what passed the sample', () => {
    const recorder = new DecisionRecorder(LIMITS)
    const passed = { response: { source: 'service', status: 200 }, refusal: undefined }
    recorder.onFinished(exchange('refused'))
    recorder.onFinished(exchange('passed', passed))
    recorder.onFinished(exchange('sampled', { ...passed, wantsPasses: true }))
    const { records } = recorder.list({ size: 10 })
    expect(records.map(({ id }) => id).toSorted()).toEqual(['refused', 'sampled'])
  })

  it.each([
    [0, 0],
    [1, 100],
    [10, 10],
  ])('takes one in %i of a hundred: %i', (sample, expected) => {
    const recorder = new DecisionRecorder({ ...LIMITS, sample })
    const taken = Array.from({ length: 100 }, () => recorder.wantsPasses()).filter(Boolean)
    expect(taken).toHaveLength(expected)
  })

  it('passes over what a flood brings beyond what it takes at once, and counts it', () => {
    const recorder = new DecisionRecorder(LIMITS)
    for (let count = 0; count < 400; count += 1) recorder.onFinished(exchange(`r${count}`))
    const { records, passedOver } = recorder.list({ size: 1000 })
    expect([records.length, passedOver]).toEqual([250, 150])
    recorder.onFinished(exchange('later'))
    expect(recorder.find('later')).toHaveLength(1)
  })

  it('keeps names of the query alone, and no value that stands without one', () => {
    const recorder = new DecisionRecorder(LIMITS)
    recorder.onFinished(exchange('r'))
    const text = JSON.stringify(recorder.find('r'))
    expect(text).toContain('token')
    expect(text).not.toMatch(/abc|lone-secret/)
  })
})
