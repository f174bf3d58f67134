import { keepQueue } from '../../plugin-kit/batch-queue.ts'
import type { NodeServices } from '../../plugin-kit/plugin.ts'
import type { QueueConfig } from '../../plugin-kit/queue-fields.ts'
import { createCollector } from '../../plugin-kit/tracing/collector.ts'
import { encodeExport, type OtlpEntry } from './otlp.ts'
import type { Config } from './schema.ts'

/** Takes an entry that is to be sent. */
export type Export = (entry: OtlpEntry) => void

/** The name of a queue begins with this. */
export const QUEUE_NAME = 'opentelemetry'

/** @param signal what is sent; it has a queue of its own */
export function exporter(
  signal: 'traces' | 'logs',
  url: string,
  {
    config,
    pluginId,
    node,
  }: { readonly config: Config; readonly pluginId: string; readonly node: NodeServices },
): Export {
  const collector = createCollector({
    url,
    headers: headersOf(config),
    connectTimeoutMs: config.connect_timeout,
    sendTimeoutMs: config.send_timeout,
    readTimeoutMs: config.read_timeout,
  })
  const name = `${QUEUE_NAME} ${pluginId}:${signal}`
  const queue = keepQueue<OtlpEntry>(node, name, queueOf(config), async (batch) => {
    const { status, body } = await collector.send(encodeExport(batch))
    // As in Kong only this one tells that all was taken.
    if (status !== 200) throw new Error(`response error: ${status}, body: ${body}`)
  })
  return (entry) => queue.add(entry)
}

const CONTENT_TYPE = 'Content-Type'

function headersOf({ headers = {} }: Config): Readonly<Record<string, string>> {
  const isGiven = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type')
  return isGiven ? headers : { ...headers, [CONTENT_TYPE]: 'application/x-protobuf' }
}

/** The settings of old count where they differ from their defaults of old. */
function queueOf({
  queue,
  batch_span_count: count,
  batch_flush_delay: delay,
}: Config): QueueConfig {
  return {
    ...queue,
    ...(count !== undefined && count !== 200 && { max_batch_size: count }),
    ...(delay !== undefined && delay !== 3 && { max_coalescing_delay: delay }),
  }
}
