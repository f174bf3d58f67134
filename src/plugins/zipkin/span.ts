import { newSpanId } from '../../plugin-kit/tracing/trace-ids.ts'

export type TagValue = string | number | boolean | undefined

export interface SpanStart {
  readonly kind: 'SERVER' | 'CLIENT'
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | undefined
  readonly startMs: number
}

/** One span, as it grows. Times are Unix times in ms. */
export class Span {
  readonly start: SpanStart
  readonly tags = new Map<string, string>()
  readonly annotations: { readonly value: string; readonly timestamp: number }[] = []
  /** The other side. */
  remote: { serviceName?: string | undefined; ip?: string | undefined; port?: number | undefined } =
    {}

  constructor(start: SpanStart) {
    this.start = start
  }

  child(name: string, startMs: number): Span {
    const { traceId, spanId } = this.start
    return new Span({
      kind: 'CLIENT',
      name,
      traceId,
      spanId: newSpanId(),
      parentId: spanId,
      startMs,
    })
  }

  /** Zipkin takes texts only, and no empty ones. */
  tag(name: string, value: TagValue | null): void {
    if (value !== undefined && value !== null && value !== '') this.tags.set(name, String(value))
  }

  annotate(value: string, atMs: number): void {
    this.annotations.push({ value, timestamp: microseconds(atMs) })
  }

  /**
   * The span in Zipkin's form.
   *
   * @see https://zipkin.io/zipkin-api/#/default/post_spans
   */
  finished(
    endMs: number,
    names: { readonly local: string; readonly remote: string | undefined },
  ): Readonly<Record<string, unknown>> {
    const { traceId, name, parentId, spanId, kind, startMs } = this.start
    const timestamp = microseconds(startMs)
    return {
      traceId,
      name,
      ...(parentId !== undefined && { parentId }),
      id: spanId,
      kind,
      timestamp,
      duration: Math.max(microseconds(endMs) - timestamp, 0),
      localEndpoint: { serviceName: names.local },
      remoteEndpoint: this.#remoteEndpoint(names.remote),
      ...(this.tags.size > 0 && { tags: Object.fromEntries(this.tags) }),
      ...(this.annotations.length > 0 && { annotations: this.annotations }),
    }
  }

  #remoteEndpoint(defaultName: string | undefined): Readonly<Record<string, unknown>> | null {
    const { serviceName = defaultName, ip, port } = this.remote
    if (port === undefined && serviceName === undefined) return null
    return {
      ...(serviceName !== undefined && { serviceName }),
      ...(port !== undefined && { port }),
      ...(ip !== undefined && { [ip.includes(':') ? 'ipv6' : 'ipv4']: ip }),
    }
  }
}

function microseconds(ms: number): number {
  return Math.floor(ms * 1000)
}
