import { readBaggage, writeBaggage } from './baggage.ts'
import { readFlag, readId, SPAN_ID_FORM, TRACE_ID_FORM } from './header-values.ts'
import { traceIdFor, type TraceFormat } from './trace-context.ts'

const BAGGAGE = 'ot-baggage-'
const TRACE_ID = 'ot-tracer-traceid'
const SPAN_ID = 'ot-tracer-spanid'
const SAMPLED = 'ot-tracer-sampled'

/** `ot-tracer-traceid` and its kin, as OpenTracing's basic tracers write them. */
export const ot: TraceFormat = {
  name: 'ot',

  read(source, warn) {
    const names = [TRACE_ID, SPAN_ID, SAMPLED]
    if (names.every((name) => source.headerValues(name).length === 0)) return undefined
    const traceId = readId(source, TRACE_ID, TRACE_ID_FORM, warn)
    const spanId = readId(source, SPAN_ID, SPAN_ID_FORM, warn)
    const isUsable = typeof traceId === 'string' && spanId !== null
    return {
      ...(isUsable && { traceId, spanId }),
      isSampled: readFlag(source, SAMPLED, warn),
      baggage: readBaggage(source, BAGGAGE),
    }
  },

  write(context) {
    const { spanId, isSampled, baggage } = context
    const traceId = traceIdFor(context, [8, 16])
    if (traceId === undefined || spanId === undefined) return undefined
    return {
      [TRACE_ID]: traceId,
      [SPAN_ID]: spanId,
      ...(isSampled !== undefined && { [SAMPLED]: isSampled ? '1' : '0' }),
      ...writeBaggage(baggage, BAGGAGE),
    }
  },

  shownTraceId: (context) => ({ ot: traceIdFor(context, [8, 16]) ?? '' }),
}
