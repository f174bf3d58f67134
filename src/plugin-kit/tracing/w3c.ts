import { isZero, onlyValue, traceIdFor, type TraceFormat } from './trace-context.ts'

const TRACEPARENT = /^([0-9a-f]+)-([0-9a-f]+)-([0-9a-f]+)-([0-9a-f]+)$/i

/**
 * `traceparent: 00-<trace>-<span>-<flags>`; `tracestate` passes as it is.
 *
 * @see W3C Trace Context §3.2; as in Kong only version 00 is understood
 */
export const w3c: TraceFormat = {
  name: 'w3c',

  read(source, warn) {
    const value = onlyValue(source, 'traceparent')
    if (value === undefined || value === '') return undefined
    const parts = TRACEPARENT.exec(value)
    const fault = parts === null ? 'traceparent header' : faultOf(parts)
    if (fault !== undefined) {
      warn(`invalid W3C ${fault}; ignoring.`)
      return undefined
    }
    const [, , traceId, spanId, flags] = parts!
    return { traceId, spanId, isSampled: Number.parseInt(flags!, 16) % 2 === 1 }
  },

  write(context) {
    const traceId = traceIdFor(context, [16])
    if (traceId === undefined || context.spanId === undefined) return undefined
    return { traceparent: `00-${traceId}-${context.spanId}-${context.isSampled ? '01' : '00'}` }
  },

  shownTraceId: (context) => ({ w3c: traceIdFor(context, [16]) ?? '' }),
}

function faultOf([, version, traceId, spanId, flags]: readonly string[]): string | undefined {
  if (version !== '00') return 'Trace Context version'
  if (traceId!.length !== 32 || isZero(traceId!)) return 'trace context trace ID'
  if (spanId!.length !== 16 || isZero(spanId!)) return 'trace context parent ID'
  return flags!.length === 2 ? undefined : 'trace context flags'
}
