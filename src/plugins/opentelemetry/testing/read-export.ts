import protobuf from 'protobufjs'

/**
 * What of OpenTelemetry's messages the plugin sends, so that a library of others can read it.
 *
 * @see https://github.com/open-telemetry/opentelemetry-proto
 */
const MESSAGES = `
  syntax = "proto3";
  message Traces { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message ScopeSpans { Scope scope = 1; repeated Span spans = 2; }
  message Logs { repeated ResourceLogs resource_logs = 1; }
  message ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2; }
  message ScopeLogs { Scope scope = 1; repeated LogRecord log_records = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message Scope { string name = 1; string version = 2; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue {
    oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; }
  }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
    fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8;
    repeated KeyValue attributes = 9; repeated Event events = 11; Status status = 15;
  }
  message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; }
  message Status { string message = 2; int32 code = 3; }
  message LogRecord {
    fixed64 time_unix_nano = 1; int32 severity_number = 2; string severity_text = 3; AnyValue body = 5;
    repeated KeyValue attributes = 6; fixed32 flags = 8; bytes trace_id = 9; bytes span_id = 10;
    fixed64 observed_time_unix_nano = 11;
  }
`

const { root } = protobuf.parse(MESSAGES, { keepCase: true })

interface ReadSpan {
  readonly resource: Readonly<Record<string, unknown>>
  readonly scope: { readonly name: string; readonly version: string }
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string
  readonly name: string
  readonly kind: number
  /** Nanoseconds. */
  readonly start: bigint
  readonly end: bigint
  readonly attributes: Readonly<Record<string, unknown>>
  readonly events: readonly { readonly name: string; readonly attributes: object }[]
  readonly status: number
}

/** The spans of a request to export them, in order. */
export function readTraces(bytes: Uint8Array): readonly ReadSpan[] {
  const traces = read('Traces', bytes) as RawTraces
  return traces.resource_spans.flatMap(({ resource, scope_spans: scopes }) =>
    scopes.flatMap(({ scope, spans }) =>
      spans.map((span) => ({
        resource: attributesOf(resource.attributes),
        scope,
        traceId: hex(span.trace_id),
        spanId: hex(span.span_id),
        parentId: hex(span.parent_span_id),
        name: span.name,
        kind: span.kind,
        start: BigInt(span.start_time_unix_nano),
        end: BigInt(span.end_time_unix_nano),
        attributes: attributesOf(span.attributes),
        events: span.events.map(({ name, attributes }) => ({
          name,
          attributes: attributesOf(attributes),
        })),
        status: span.status?.code ?? 0,
      })),
    ),
  )
}

interface ReadLogRecord {
  readonly resource: Readonly<Record<string, unknown>>
  readonly body: string
  readonly severity: readonly [number, string]
  readonly attributes: Readonly<Record<string, unknown>>
  readonly traceId: string
  readonly spanId: string
  readonly flags: number
}

/** The records of a request to export logs, in order. */
export function readLogs(bytes: Uint8Array): readonly ReadLogRecord[] {
  const logs = read('Logs', bytes) as RawLogs
  return logs.resource_logs.flatMap(({ resource, scope_logs: scopes }) =>
    scopes.flatMap(({ log_records: records }) =>
      records.map((record) => ({
        resource: attributesOf(resource.attributes),
        body: record.body.string_value,
        severity: [record.severity_number, record.severity_text] as const,
        attributes: attributesOf(record.attributes),
        traceId: hex(record.trace_id),
        spanId: hex(record.span_id),
        flags: record.flags,
      })),
    ),
  )
}

interface RawAttribute {
  readonly key: string
  readonly value: object
}

interface RawResource {
  readonly attributes: readonly RawAttribute[]
}

interface RawSpan {
  readonly trace_id: Uint8Array
  readonly span_id: Uint8Array
  readonly parent_span_id: Uint8Array
  readonly name: string
  readonly kind: number
  readonly start_time_unix_nano: string
  readonly end_time_unix_nano: string
  readonly attributes: readonly RawAttribute[]
  readonly events: readonly { readonly name: string; readonly attributes: RawAttribute[] }[]
  readonly status: { readonly code: number } | null
}

interface RawLogRecord {
  readonly trace_id: Uint8Array
  readonly span_id: Uint8Array
  readonly severity_number: number
  readonly severity_text: string
  readonly body: { readonly string_value: string }
  readonly attributes: readonly RawAttribute[]
  readonly flags: number
}

interface RawTraces {
  readonly resource_spans: readonly {
    readonly resource: RawResource
    readonly scope_spans: readonly {
      readonly scope: ReadSpan['scope']
      readonly spans: RawSpan[]
    }[]
  }[]
}

interface RawLogs {
  readonly resource_logs: readonly {
    readonly resource: RawResource
    readonly scope_logs: readonly { readonly log_records: RawLogRecord[] }[]
  }[]
}

function read(name: string, bytes: Uint8Array): unknown {
  const type = root.lookupType(name)
  const options = { longs: String, defaults: true, arrays: true }
  return type.toObject(type.decode(bytes), options)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** Whole numbers come as texts, so that they differ from others. */
function attributesOf(list: readonly RawAttribute[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    list.map(({ key, value }) => [
      key,
      Object.entries(value).find(([name]) => name.endsWith('_value'))?.[1],
    ]),
  )
}
