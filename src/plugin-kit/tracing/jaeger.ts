import { readBaggage, writeBaggage } from './baggage.ts'
import { isZero, onlyValue, traceIdFor, type TraceFormat } from './trace-context.ts'

const UBER_TRACE_ID = /^([0-9a-f]+):([0-9a-f]+):([0-9a-f]+):([0-9a-f]+)$/i
const BAGGAGE = 'uberctx-'

/**
 * `uber-trace-id: <trace>:<span>:<parent>:<flags>`
 *
 * @see https://www.jaegertracing.io/docs/1.29/client-libraries/#propagation-format
 */
export const jaeger: TraceFormat = {
  name: 'jaeger',

  read(source, warn) {
    const value = onlyValue(source, 'uber-trace-id')
    if (value === undefined || value === '') return undefined
    const parts = UBER_TRACE_ID.exec(value)
    const fault = parts === null ? 'uber-trace-id header' : faultOf(parts)
    if (fault !== undefined) {
      warn(`invalid jaeger ${fault}; ignoring.`)
      return undefined
    }
    const [, traceId, spanId, parentId, flags] = parts!
    // A parent of the wrong size is read all the same: nobody depends on it.
    if (parentId!.length !== 16 && !isZero(parentId!)) warn('invalid jaeger parent ID; ignoring.')
    return {
      traceId,
      spanId,
      parentId,
      sharesSpanId: true,
      isSampled: Number.parseInt(flags!, 16) % 2 === 1,
      baggage: readBaggage(source, BAGGAGE),
    }
  },

  write(context) {
    const { spanId, parentId, isSampled, baggage } = context
    const traceId = traceIdFor(context, [16, 8])
    if (traceId === undefined || spanId === undefined) return undefined
    const flags = isSampled ? '01' : '00'
    return {
      'uber-trace-id': `${traceId}:${spanId}:${parentId ?? '0'}:${flags}`,
      ...writeBaggage(baggage, BAGGAGE),
    }
  },

  shownTraceId: (context) => ({ jaeger: traceIdFor(context, [16, 8]) ?? '' }),
}

function faultOf([, traceId, spanId, , flags]: readonly string[]): string | undefined {
  if (traceId!.length > 32 || isZero(traceId!)) return 'trace ID'
  if (spanId!.length > 16 || isZero(spanId!)) return 'span ID'
  return flags!.length > 2 ? 'flags' : undefined
}
