import { randomBytes } from 'node:crypto'
import { SPAN_ID_BYTES, TRACE_ID_BYTES } from './trace-context.ts'

/** @returns hex digits */
export function newTraceId(bytes: number = TRACE_ID_BYTES): string {
  return randomBytes(bytes).toString('hex')
}

/** @returns hex digits */
export function newSpanId(): string {
  return randomBytes(SPAN_ID_BYTES).toString('hex')
}
