import { onlyValue, traceIdFor, type HeaderSource, type TraceFormat } from './trace-context.ts'

const TRACE_ID = 'x-datadog-trace-id'
const PARENT_ID = 'x-datadog-parent-id'
const PRIORITY = 'x-datadog-sampling-priority'

/** Ids are decimal numbers of 64 bits. */
export const datadog: TraceFormat = {
  name: 'datadog',

  read(source, warn) {
    const names = [TRACE_ID, PARENT_ID, PRIORITY]
    if (names.every((name) => source.headerValues(name).length === 0)) return undefined
    const priority = readPriority(source)
    if (priority === null) {
      warn(`${PRIORITY} header invalid; ignoring.`)
      return undefined
    }
    const traceId = readNumber(source, TRACE_ID, warn)
    const spanId = readNumber(source, PARENT_ID, warn)
    return {
      ...(traceId !== undefined && { traceId, spanId }),
      isSampled: priority,
    }
  },

  write(context) {
    const { spanId, isSampled } = context
    const traceId = traceIdFor(context, [8])
    return {
      ...(traceId !== undefined && { [TRACE_ID]: decimal(traceId) }),
      ...(spanId !== undefined && { [PARENT_ID]: decimal(spanId) }),
      ...(isSampled !== undefined && { [PRIORITY]: isSampled ? '1' : '0' }),
    }
  },

  shownTraceId(context) {
    const traceId = traceIdFor(context, [8])
    return traceId === undefined ? {} : { datadog: decimal(traceId) }
  },
}

/** Of an id in hex digits. */
export function decimal(hexDigits: string): string {
  return BigInt(`0x${hexDigits}`).toString()
}

/** @returns hex digits, an even number of them */
export function hexadecimal(digits: string): string {
  const hex = BigInt(digits).toString(16)
  return hex.padStart(hex.length + (hex.length % 2), '0')
}

/** @returns null for one that has no meaning */
function readPriority(source: HeaderSource): boolean | null | undefined {
  if (source.headerValues(PRIORITY).length === 0) return undefined
  const value = onlyValue(source, PRIORITY)
  if (value === '1' || value === '2') return true
  return value === '0' || value === '-1' ? false : null
}

function readNumber(
  source: HeaderSource,
  name: string,
  warn: (message: string) => void,
): string | undefined {
  if (source.headerValues(name).length === 0) return undefined
  const digits = /^\s*(\d{1,39})\s*$/.exec(onlyValue(source, name) ?? '')?.[1]
  if (digits === undefined) warn(`${name} header invalid; ignoring.`)
  return digits && hexadecimal(digits)
}
