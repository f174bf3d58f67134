/**
 * What tracing headers say, whatever their format. Ids are hex digits; a trace id has 32 of them and
 * a span id 16 once it was read.
 */
export interface TraceContext {
  readonly traceId?: string | undefined
  /** Size of the trace id as it came, in bytes; formats that know several sizes keep it. */
  readonly traceIdBytes?: number | undefined
  /** The caller's span, or the one that caller and receiver share: see `sharesSpanId`. */
  readonly spanId?: string | undefined
  readonly parentId?: string | undefined
  /** The format gives both sides of a request one span id. */
  readonly sharesSpanId?: boolean | undefined
  /** `undefined`: nobody has decided yet. */
  readonly isSampled?: boolean | undefined
  readonly baggage?: ReadonlyMap<string, string> | undefined
  /** `X-B3-Flags` as it came; `1` asks for the trace to be kept for debugging. */
  readonly debugFlags?: string | undefined
  /** It came in the one header `b3`. */
  readonly isSingleHeader?: boolean | undefined
}

/** How a format reads headers. */
export interface HeaderSource {
  /** All values, in order. @param name lower-case */
  headerValues(name: string): readonly string[]
  headers(): readonly (readonly [name: string, value: string])[]
}

export type TracingHeaders = Readonly<Record<string, string>>

/** A way to write a trace context into headers. */
export interface TraceFormat {
  readonly name: FormatName
  /**
   * @param warn is told what is wrong with headers that are passed over
   * @returns nothing when the request has no headers of this format that can be used
   */
  read(source: HeaderSource, warn: (message: string) => void): TraceContext | undefined
  /** @returns nothing when the context lacks what the format needs */
  write(context: TraceContext): TracingHeaders | undefined
  /** The trace id as this format writes it, for logs. */
  shownTraceId(context: TraceContext): Readonly<Record<string, string>>
}

/** Names as configurations have them. The order is that of the choices in Kong's messages. */
export const INJECTABLE = [
  'w3c',
  'datadog',
  'b3',
  'gcp',
  'b3-single',
  'jaeger',
  'aws',
  'ot',
] as const
export const EXTRACTABLE = ['w3c', 'datadog', 'b3', 'gcp', 'jaeger', 'aws', 'ot'] as const

export type FormatName = (typeof INJECTABLE)[number]
export type ExtractableName = (typeof EXTRACTABLE)[number]

export const TRACE_ID_BYTES = 16
export const SPAN_ID_BYTES = 8

/** Cuts an id on the left, or fills it up with zeros there. */
export function sizedId(id: string, bytes: number): string {
  const digits = bytes * 2
  return id.length > digits ? id.slice(-digits) : id.padStart(digits, '0')
}

/** The trace id in the size it came in, if the format has that size, else in its first one. */
export function traceIdFor(context: TraceContext, sizes: readonly number[]): string | undefined {
  const { traceId, traceIdBytes } = context
  if (traceId === undefined) return undefined
  const bytes = sizes.find((size) => size === traceIdBytes) ?? sizes[0]!
  return sizedId(traceId, bytes)
}

/** The context with its ids in the sizes the gateway works with. */
export function sized(context: TraceContext): TraceContext {
  const { traceId, spanId, parentId } = context
  return {
    ...context,
    ...(traceId !== undefined && {
      traceId: sizedId(traceId, TRACE_ID_BYTES).toLowerCase(),
      traceIdBytes: context.traceIdBytes ?? Math.ceil(traceId.length / 2),
    }),
    ...(spanId !== undefined && { spanId: sizedId(spanId, SPAN_ID_BYTES).toLowerCase() }),
    ...(parentId !== undefined && { parentId: sizedId(parentId, SPAN_ID_BYTES).toLowerCase() }),
  }
}

/** The value of a header that came once. A repeated one says nothing. */
export function onlyValue(source: HeaderSource, name: string): string | undefined {
  const values = source.headerValues(name)
  return values.length === 1 ? values[0] : undefined
}

export function isZero(hexDigits: string): boolean {
  return /^0+$/.test(hexDigits)
}
