import { onlyValue, type HeaderSource } from './trace-context.ts'

type Warn = (message: string) => void

/** A trace id in hex, of 8 or 16 bytes. */
export const TRACE_ID_FORM = /^(?:[0-9a-f]{16}|[0-9a-f]{32})$/i
export const SPAN_ID_FORM = /^[0-9a-f]{16}$/i

/** @returns null for a header that is there and cannot be used */
export function readId(
  source: HeaderSource,
  name: string,
  form: RegExp,
  warn: Warn,
): string | null | undefined {
  if (source.headerValues(name).length === 0) return undefined
  const value = onlyValue(source, name)
  if (value !== undefined && form.test(value)) return value
  warn(`${name} header invalid; ignoring.`)
  return null
}

/** `1` or `true`, `0` or `false`. */
export function readFlag(source: HeaderSource, name: string, warn: Warn): boolean | undefined {
  if (source.headerValues(name).length === 0) return undefined
  const value = onlyValue(source, name)
  if (value === '1' || value === 'true') return true
  if (value === '0' || value === 'false') return false
  warn(`${name} header invalid; ignoring.`)
  return undefined
}
