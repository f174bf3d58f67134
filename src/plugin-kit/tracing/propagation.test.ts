import { describe, expect, it } from 'vitest'
import { fakeExchange } from '../testing/fake-exchange.ts'
import type { HeaderList } from '../testing/fake-headers.ts'
import { createPropagation, type PropagationOptions } from './propagation.ts'
import type { TraceContext } from './trace-context.ts'

const TRACE = '463ac35c9f6413ad48485a3953bb6124'
const SHORT = '48485a3953bb6124'
const SPAN = 'a2fb4a1d1a96d312'
const PARENT = '0020000000000001'

type Settings = Partial<Omit<PropagationOptions, 'log' | 'propagation'>> & {
  readonly propagation?: Partial<PropagationOptions['propagation']>
}

function propagate(
  headers: HeaderList,
  { propagation, ...settings }: Settings = {},
  change: (context: TraceContext) => TraceContext = (context) => context,
) {
  const warnings: string[] = []
  const subject = createPropagation({
    ...settings,
    propagation: {
      extract: undefined,
      clear: undefined,
      inject: undefined,
      default_format: 'w3c',
      ...propagation,
    },
    log: { warn: (text) => void warnings.push(text), error: (text) => void warnings.push(text) },
  })
  const exchange = fakeExchange({ headers }, { startedAtMs: 0, recordsDecisions: false })
  const extracted = subject.extract(exchange)
  subject.inject(exchange, extracted, change(extracted.context))
  const sent = Object.fromEntries(
    exchange.upstream.headers().filter(([name]) => name.toLowerCase() !== 'host'),
  )
  return { extracted, sent, warnings, traceIds: exchange.logValues.get('trace_id') }
}

describe('createPropagation › extract', () => {
  it.each<readonly [string, HeaderList, string, TraceContext]>([
    [
      'w3c',
      { traceparent: `00-${TRACE}-${SPAN}-01` },
      'w3c',
      { traceId: TRACE, spanId: SPAN, isSampled: true },
    ],
    ['w3c, not sampled', { traceparent: `00-${TRACE}-${SPAN}-00` }, 'w3c', { isSampled: false }],
    [
      'b3',
      {
        'X-B3-TraceId': TRACE,
        'x-b3-spanid': SPAN,
        'x-b3-parentspanid': PARENT,
        'x-b3-sampled': '1',
      },
      'b3',
      { traceId: TRACE, spanId: SPAN, parentId: PARENT, isSampled: true, sharesSpanId: true },
    ],
    ['b3 that asks to debug', { 'x-b3-flags': '1' }, 'b3', { isSampled: true, debugFlags: '1' }],
    [
      'b3 with a short trace id',
      { 'x-b3-traceid': SHORT, 'x-b3-spanid': SPAN },
      'b3',
      { traceId: `0000000000000000${SHORT}`, traceIdBytes: 8 },
    ],
    [
      'one b3 header',
      { b3: `${TRACE}-${SPAN}-d-${PARENT}` },
      'b3',
      {
        traceId: TRACE,
        spanId: SPAN,
        parentId: PARENT,
        isSampled: true,
        debugFlags: '1',
        isSingleHeader: true,
      },
    ],
    ['one b3 header with a decision alone', { b3: '0' }, 'b3', { isSampled: false }],
    ['b3 in tracestate', { tracestate: `b3=${TRACE}-${SPAN}-1` }, 'b3', { traceId: TRACE }],
    [
      'jaeger',
      { 'uber-trace-id': `${SHORT}:${SPAN}:${PARENT}:3`, 'uberctx-user': 'a%20b' },
      'jaeger',
      {
        traceIdBytes: 8,
        spanId: SPAN,
        parentId: PARENT,
        isSampled: true,
        baggage: new Map([['user', 'a b']]),
      },
    ],
    [
      'ot',
      {
        'ot-tracer-traceid': SHORT,
        'ot-tracer-spanid': SPAN,
        'ot-tracer-sampled': 'false',
        'ot-baggage-K': 'v',
      },
      'ot',
      { traceIdBytes: 8, spanId: SPAN, isSampled: false, baggage: new Map([['k', 'v']]) },
    ],
    [
      'datadog',
      {
        'x-datadog-trace-id': '5208512171318403364',
        'x-datadog-parent-id': ' 42 ',
        'x-datadog-sampling-priority': '2',
      },
      'datadog',
      { traceId: `0000000000000000${SHORT}`, spanId: '000000000000002a', isSampled: true },
    ],
    [
      'aws',
      {
        'X-Amzn-Trace-Id': `Root=1-${TRACE.slice(0, 8)}-${TRACE.slice(8)}; Parent=${SPAN};Sampled=1;Self=x`,
      },
      'aws',
      { traceId: TRACE, spanId: SPAN, isSampled: true },
    ],
    [
      'gcp',
      { 'x-cloud-trace-context': `${TRACE}/42;o=1` },
      'gcp',
      { traceId: TRACE, spanId: '000000000000002a', isSampled: true },
    ],
    [
      'gcp without options',
      { 'x-cloud-trace-context': `${TRACE}/42` },
      'gcp',
      { isSampled: false },
    ],
  ])('reads %s', (_name, headers, format, context) => {
    const { extracted, warnings } = propagate(headers)
    expect(extracted.format).toBe(format)
    expect(extracted.context).toMatchObject(context)
    expect(warnings).toEqual([])
  })

  it.each<readonly [HeaderList, string]>([
    [{ traceparent: 'nothing' }, 'invalid W3C traceparent header; ignoring.'],
    [{ traceparent: `01-${TRACE}-${SPAN}-01` }, 'invalid W3C Trace Context version; ignoring.'],
    [
      { traceparent: `00-${'0'.repeat(32)}-${SPAN}-01` },
      'invalid W3C trace context trace ID; ignoring.',
    ],
    [
      { traceparent: `00-${TRACE}-${'0'.repeat(16)}-01` },
      'invalid W3C trace context parent ID; ignoring.',
    ],
    [{ traceparent: `00-${TRACE}-${SPAN}-001` }, 'invalid W3C trace context flags; ignoring.'],
    [{ 'uber-trace-id': 'x' }, 'invalid jaeger uber-trace-id header; ignoring.'],
    [{ 'uber-trace-id': `0:${SPAN}:0:1` }, 'invalid jaeger trace ID; ignoring.'],
    [
      { 'x-datadog-sampling-priority': '7' },
      'x-datadog-sampling-priority header invalid; ignoring.',
    ],
    [{ 'x-amzn-trace-id': 'Root=2-1-1' }, 'invalid aws header trace id; ignoring.'],
    [{ 'x-cloud-trace-context': 'x' }, 'invalid GCP header; ignoring.'],
  ])('passes over %j with a warning', (headers, warning) => {
    const { extracted, warnings } = propagate(headers)
    expect(extracted).toEqual({ context: {}, format: undefined })
    expect(warnings).toContain(warning)
  })

  it.each<readonly [HeaderList, string]>([
    [{ 'x-b3-traceid': 'abc', 'x-b3-spanid': SPAN }, 'x-b3-traceid header invalid; ignoring.'],
    [{ 'x-b3-traceid': TRACE, 'x-b3-spanid': 'abc' }, 'x-b3-spanid header invalid; ignoring.'],
    [{ b3: `${TRACE}-${SPAN}-x` }, 'b3 single header invalid; ignoring.'],
    [{ 'ot-tracer-traceid': 'abc' }, 'ot-tracer-traceid header invalid; ignoring.'],
    [
      [
        ['x-b3-traceid', TRACE],
        ['x-b3-traceid', TRACE],
      ],
      'x-b3-traceid header invalid; ignoring.',
    ],
  ])('knows the format of %j, though its ids are of no use', (headers, warning) => {
    const { extracted, warnings } = propagate(headers)
    expect(extracted.format).toBeDefined()
    expect(extracted.context.traceId).toBeUndefined()
    expect(warnings).toContain(warning)
  })

  it('takes the first format that is there, in the configured order', () => {
    const headers = {
      traceparent: `00-${TRACE}-${SPAN}-01`,
      'x-b3-traceid': SHORT,
      'x-b3-spanid': SPAN,
    }
    expect(propagate(headers).extracted.format).toBe('b3')
    const propagation = { extract: ['gcp', 'w3c', 'b3'] } as const
    expect(propagate(headers, { propagation }).extracted.format).toBe('w3c')
  })

  it('does not take a tracestate for b3', () => {
    const headers = { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: 'vendor=1' }
    expect(propagate(headers).extracted.format).toBe('w3c')
  })
})

describe('createPropagation › inject', () => {
  const context: TraceContext = {
    traceId: TRACE,
    spanId: SPAN,
    parentId: PARENT,
    isSampled: true,
    baggage: new Map([['user', 'a b']]),
  }
  const with_ = (format: string) => ({ propagation: { inject: [format], extract: [] } }) as never

  it.each([
    ['w3c', { traceparent: `00-${TRACE}-${SPAN}-01` }, { w3c: TRACE }],
    [
      'b3',
      {
        'x-b3-traceid': TRACE,
        'x-b3-spanid': SPAN,
        'x-b3-parentspanid': PARENT,
        'x-b3-sampled': '1',
      },
      { b3: TRACE },
    ],
    ['b3-single', { b3: `${TRACE}-${SPAN}-1-${PARENT}` }, { b3: TRACE }],
    [
      'jaeger',
      { 'uber-trace-id': `${TRACE}:${SPAN}:${PARENT}:01`, 'uberctx-user': 'a%20b' },
      { jaeger: TRACE },
    ],
    [
      'ot',
      {
        'ot-tracer-traceid': SHORT,
        'ot-tracer-spanid': SPAN,
        'ot-tracer-sampled': '1',
        'ot-baggage-user': 'a%20b',
      },
      { ot: SHORT },
    ],
    [
      'datadog',
      {
        'x-datadog-trace-id': '5208512171318403364',
        'x-datadog-parent-id': '11744061942159299346',
        'x-datadog-sampling-priority': '1',
      },
      { datadog: '5208512171318403364' },
    ],
    [
      'aws',
      { 'x-amzn-trace-id': `Root=1-463ac35c-9f6413ad48485a3953bb6124;Parent=${SPAN};Sampled=1` },
      { aws: TRACE },
    ],
    ['gcp', { 'x-cloud-trace-context': `${TRACE}/11744061942159299346;o=1` }, { gcp: TRACE }],
  ])('writes %s', (format, headers, traceIds) => {
    const result = propagate({}, with_(format), () => context)
    expect(result.sent).toEqual(headers)
    expect(result.traceIds).toEqual(traceIds)
  })

  it.each([
    [{ 'x-b3-traceid': SHORT, 'x-b3-spanid': SPAN }, 'b3', 'x-b3-traceid', SHORT],
    [
      { 'x-b3-traceid': SHORT, 'x-b3-spanid': SPAN },
      'w3c',
      'traceparent',
      `00-${'0'.repeat(16)}${SHORT}-${SPAN}-00`,
    ],
    [{ traceparent: `00-${TRACE}-${SPAN}-00` }, 'ot', 'ot-tracer-traceid', TRACE],
    [
      { traceparent: `00-${TRACE}-${SPAN}-00` },
      'datadog',
      'x-datadog-trace-id',
      '5208512171318403364',
    ],
  ])('keeps or fits the size of the trace id: %j as %s', (headers, format, name, value) => {
    const inject = [format] as never
    const propagation = { inject, extract: ['b3', 'w3c'] } as const
    expect(propagate(headers, { propagation }).sent[name]).toBe(value)
  })

  it.each([
    [{ isSampled: undefined }, `${TRACE}-${SPAN}`],
    [{ isSampled: false }, `${TRACE}-${SPAN}-0`],
    [{ isSampled: false, debugFlags: '1' }, `${TRACE}-${SPAN}-d`],
    [{ spanId: undefined, isSampled: undefined }, '0'],
    [{ spanId: undefined, isSampled: true }, '1'],
  ])('writes in one b3 header %j as %s', (change, value) => {
    const bare = { traceId: TRACE, spanId: SPAN, ...change }
    expect(propagate({}, with_('b3-single'), () => bare).sent).toEqual({ b3: value })
  })

  it('writes no header that would lack its ids, and says so', () => {
    const { sent, warnings, traceIds } = propagate({}, with_('w3c'), () => ({}))
    expect(sent).toEqual({})
    expect(traceIds).toBeUndefined()
    expect(warnings).toEqual([expect.stringContaining('w3c injector context is invalid')])
  })
})

describe('createPropagation › what is in force', () => {
  const incoming = { b3: `${TRACE}-${SPAN}-1` }
  const names = (settings: Settings, headers: HeaderList = incoming) =>
    Object.keys(
      propagate(headers, settings, (context) => ({ traceId: TRACE, spanId: SPAN, ...context }))
        .sent,
    ).toSorted()

  it.each<readonly [string, Settings, readonly string[]]>([
    ['preserve', {}, ['b3']],
    ['preserve and another', { headerType: 'w3c' }, ['b3', 'traceparent']],
    ['ignore', { headerType: 'ignore', defaultHeaderType: 'jaeger' }, ['b3', 'uber-trace-id']],
  ])('follows header_type %s', (_name, settings, expected) => {
    expect(names(settings)).toEqual(expected)
  })

  it('ignores what came where nothing is to be extracted', () => {
    const { extracted } = propagate(incoming, { headerType: 'ignore' })
    expect(extracted).toEqual({ context: {}, format: undefined })
  })

  it('writes the default format where nothing came', () => {
    expect(names({}, {})).toEqual(['traceparent'])
    expect(names({ defaultHeaderType: 'gcp' }, {})).toEqual(['x-cloud-trace-context'])
  })

  it('lets the record alone count once it says more than a default', () => {
    const propagation = { clear: ['B3'] }
    expect(names({ propagation, headerType: 'w3c' })).toEqual([])
    expect(names({ propagation: { extract: ['b3'], inject: ['preserve', 'aws'] } })).toEqual([
      'b3',
      'x-amzn-trace-id',
    ])
  })

  it('takes headers away after it read them and before it writes', () => {
    const propagation = {
      extract: ['b3'],
      clear: ['b3', 'x-mine'],
      inject: ['w3c', 'b3-single'],
    } as const
    const { sent } = propagate({ ...incoming, 'X-Mine': '1' }, { propagation })
    expect(sent).toEqual({ traceparent: `00-${TRACE}-${SPAN}-01`, b3: `${TRACE}-${SPAN}-1` })
  })
})
