import {
  boolean,
  double,
  fixed32,
  fixed64,
  hexBytes,
  integer,
  message,
  text,
  type Bytes,
} from './protobuf.ts'

export type AttributeValue = string | number | boolean
export type Attributes = Readonly<Record<string, AttributeValue | undefined>>

/** Numbers of the kinds of spans. */
export const SPAN_KINDS = { internal: 1, server: 2, client: 3 } as const

export interface OtlpSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | undefined
  readonly name: string
  readonly kind: keyof typeof SPAN_KINDS
  /** Unix times in ms, with fractions. */
  readonly startMs: number
  readonly endMs: number
  readonly attributes: Attributes
  readonly hasFailed: boolean
  /** Text of an error that the span ended with. */
  readonly exception: string | undefined
}

export interface OtlpLogRecord {
  readonly atMs: number
  readonly severity: { readonly number: number; readonly text: string }
  readonly body: string
  readonly attributes: Attributes
  readonly traceId: string | undefined
  readonly spanId: string | undefined
  /** W3C trace flags. */
  readonly flags: number
}

/** An encoded span or record, with the resource it belongs to. */
export interface OtlpEntry {
  /** Encoded attributes; the same text means the same resource. */
  readonly resource: string
  readonly bytes: Bytes
}

/** All numbers are doubles, but for these, as Kong sends them. */
const INTEGERS: ReadonlySet<string> = new Set(['http.status_code'])
const STATUS_ERROR = 2

/** @see opentelemetry-proto, opentelemetry/proto/trace/v1/trace.proto: Span */
export function encodeSpan(span: OtlpSpan): Bytes {
  return Buffer.concat([
    hexBytes(1, span.traceId),
    hexBytes(2, span.spanId),
    ...(span.parentId === undefined ? [] : [hexBytes(4, span.parentId)]),
    text(5, span.name),
    integer(6, SPAN_KINDS[span.kind]),
    fixed64(7, nanoseconds(span.startMs)),
    fixed64(8, nanoseconds(span.endMs)),
    ...attributes(9, span.attributes),
    ...(span.exception === undefined ? [] : [exceptionEvent(span.exception, span.endMs)]),
    ...(span.hasFailed ? [message(15, integer(3, STATUS_ERROR))] : []),
  ])
}

function exceptionEvent(about: string, atMs: number): Bytes {
  return message(
    11,
    fixed64(1, nanoseconds(atMs)),
    text(2, 'exception'),
    ...attributes(3, { 'exception.message': about }),
  )
}

/** @see opentelemetry-proto, opentelemetry/proto/logs/v1/logs.proto: LogRecord */
export function encodeLogRecord(record: OtlpLogRecord): Bytes {
  const { traceId, spanId } = record
  return Buffer.concat([
    fixed64(1, nanoseconds(record.atMs)),
    integer(2, record.severity.number),
    text(3, record.severity.text),
    message(5, text(1, record.body)),
    ...attributes(6, record.attributes),
    ...(traceId === undefined ? [] : [fixed32(8, record.flags), hexBytes(9, traceId)]),
    ...(spanId === undefined ? [] : [hexBytes(10, spanId)]),
    fixed64(11, nanoseconds(record.atMs)),
  ])
}

/** @returns what {@link OtlpEntry} names a resource by */
export function encodeResource(given: Attributes): string {
  return Buffer.concat(attributes(1, given)).toString('latin1')
}

/**
 * A request to export spans or log records: both have the same form.
 *
 * @see opentelemetry-proto, opentelemetry/proto/collector/trace/v1 and logs/v1
 */
export function encodeExport(entries: readonly OtlpEntry[]): Buffer {
  const byResource = Map.groupBy(entries, ({ resource }) => resource)
  return Buffer.concat(
    [...byResource].map(([resource, ofResource]) =>
      message(
        1,
        message(1, Buffer.from(resource, 'latin1')),
        message(2, SCOPE, ...ofResource.map(({ bytes }) => message(2, bytes))),
      ),
    ),
  )
}

/** As Kong names it, so that what reads its spans goes on to. */
const SCOPE = message(1, text(1, 'kong-internal'), text(2, '0.1.0'))

function attributes(number: number, given: Attributes): Bytes[] {
  return Object.entries(given).flatMap(([key, value]) =>
    value === undefined ? [] : [message(number, text(1, key), message(2, anyValue(key, value)))],
  )
}

function anyValue(key: string, value: AttributeValue): Bytes {
  if (typeof value === 'string') return text(1, value)
  if (typeof value === 'boolean') return boolean(2, value)
  return INTEGERS.has(key) ? integer(3, value) : double(4, value)
}

function nanoseconds(ms: number): bigint {
  const whole = Math.floor(ms)
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * 1e6))
}
