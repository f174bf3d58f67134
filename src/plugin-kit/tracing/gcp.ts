import { decimal, hexadecimal } from './datadog.ts'
import { onlyValue, traceIdFor, type TraceFormat } from './trace-context.ts'

const HEADER = 'x-cloud-trace-context'
const FORM = /^([0-9a-f]{32})\/(\d{1,20})(?:;o=(\d))?$/

/**
 * `X-Cloud-Trace-Context: <32 digits>/<decimal span>;o=1`
 *
 * @see https://cloud.google.com/trace/docs/trace-context#legacy-http-header
 */
export const gcp: TraceFormat = {
  name: 'gcp',

  read(source, warn) {
    const value = onlyValue(source, HEADER)
    if (value === undefined) return undefined
    const parts = FORM.exec(value)
    if (parts === null) {
      warn('invalid GCP header; ignoring.')
      return undefined
    }
    const [, traceId, spanId, option] = parts
    return { traceId, spanId: hexadecimal(spanId!), isSampled: option === '1' }
  },

  write(context) {
    const { spanId, isSampled } = context
    const traceId = traceIdFor(context, [16])
    if (traceId === undefined || spanId === undefined) return undefined
    return { [HEADER]: `${traceId}/${decimal(spanId)};o=${isSampled ? '1' : '0'}` }
  },

  shownTraceId: (context) => ({ gcp: traceIdFor(context, [16]) ?? '' }),
}
