import { readFlag, readId, SPAN_ID_FORM, TRACE_ID_FORM } from './header-values.ts'
import {
  onlyValue,
  traceIdFor,
  type HeaderSource,
  type TraceContext,
  type TraceFormat,
  type TracingHeaders,
} from './trace-context.ts'

const HEADERS = [
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-flags',
] as const
const SIZES = [16, 8] as const

type Warn = (message: string) => void

/** `X-B3-TraceId` and its kin, or all in one header `b3`. What the one lacks is taken from the others. */
export const b3: TraceFormat = {
  name: 'b3',

  read(source, warn) {
    const single = readSingle(source, warn)
    const isMulti = HEADERS.some((name) => source.headerValues(name).length > 0)
    if (single === undefined && !isMulti) return undefined
    const context = { ...readMulti(source, warn), ...withoutGaps(single ?? {}) }
    const { traceId, spanId, parentId, ...decision } = context
    return {
      // Ids of spans mean nothing without that of their trace.
      ...(traceId !== undefined && { traceId, spanId, parentId }),
      ...decision,
      sharesSpanId: true,
      isSingleHeader: single !== undefined,
    }
  },

  write(context) {
    const { spanId, parentId, debugFlags, isSampled } = context
    const traceId = traceIdFor(context, SIZES)
    return {
      ...(traceId !== undefined &&
        spanId !== undefined && {
          'x-b3-traceid': traceId,
          'x-b3-spanid': spanId,
          ...(parentId !== undefined && { 'x-b3-parentspanid': parentId }),
        }),
      ...(debugFlags === undefined
        ? { 'x-b3-sampled': isSampled ? '1' : '0' }
        : { 'x-b3-flags': debugFlags }),
    }
  },

  shownTraceId,
}

/** @see https://github.com/openzipkin/b3-propagation, "Single Header" */
export const b3Single: TraceFormat = {
  name: 'b3-single',
  read: (source, warn) => b3.read(source, warn),

  write(context): TracingHeaders {
    const { spanId, parentId } = context
    const traceId = traceIdFor(context, SIZES)
    const sampled = sampledLetter(context)
    if (traceId === undefined || spanId === undefined) return { b3: sampled ?? '0' }
    return { b3: [traceId, spanId, sampled, parentId].filter(Boolean).join('-') }
  },

  shownTraceId,
}

function shownTraceId(context: TraceContext): Readonly<Record<string, string>> {
  return { b3: traceIdFor(context, SIZES) ?? '' }
}

function sampledLetter({ debugFlags, isSampled }: TraceContext): string | undefined {
  if (debugFlags === '1') return 'd'
  return isSampled === undefined ? undefined : isSampled ? '1' : '0'
}

function withoutGaps(context: TraceContext): TraceContext {
  return Object.fromEntries(Object.entries(context).filter(([, value]) => value !== undefined))
}

/** The sampling state and the parent may stand without the dashes before them. */
const SINGLE = /^([0-9a-f]{16}|[0-9a-f]{32})-([0-9a-f]{16})-?([01d]?)-?((?:[0-9a-f]{16})?)$/i

function readSingle(source: HeaderSource, warn: Warn): TraceContext | undefined {
  const value = singleHeader(source)
  if (value === undefined) return undefined
  if (value === '1') return { isSampled: true }
  if (value === 'd') return { isSampled: true, debugFlags: '1' }
  if (value === '0') return { isSampled: false }
  const parts = SINGLE.exec(value)
  if (parts === null) {
    warn('b3 single header invalid; ignoring.')
    return {}
  }
  const [, traceId, spanId, sampled, parentId] = parts
  return {
    traceId,
    spanId,
    parentId: parentId === '' ? undefined : parentId,
    ...(sampled !== '' && { isSampled: sampled !== '0' }),
    ...(sampled === 'd' && { debugFlags: '1' }),
  }
}

function singleHeader(source: HeaderSource): string | undefined {
  if (source.headerValues('b3').length > 0) return onlyValue(source, 'b3')
  for (const state of source.headerValues('tracestate')) {
    const value = /^b3=(.+)$/.exec(state)?.[1]
    if (value !== undefined) return value
  }
  return undefined
}

function readMulti(source: HeaderSource, warn: Warn): TraceContext {
  const debugFlags = source.headerValues('x-b3-flags')[0]
  const isSampled = readFlag(source, 'x-b3-sampled', warn)
  if (debugFlags !== undefined && debugFlags !== '1') warn('x-b3-flags header invalid; ignoring.')
  // One id that cannot be used makes the others useless.
  const ids = {
    traceId: readId(source, 'x-b3-traceid', TRACE_ID_FORM, warn),
    spanId: readId(source, 'x-b3-spanid', SPAN_ID_FORM, warn),
    parentId: readId(source, 'x-b3-parentspanid', SPAN_ID_FORM, warn),
  }
  const isInvalid = Object.values(ids).includes(null)
  return {
    ...(!isInvalid && (ids as Readonly<Record<keyof typeof ids, string | undefined>>)),
    isSampled: debugFlags === '1' ? true : isSampled,
    debugFlags,
  }
}
