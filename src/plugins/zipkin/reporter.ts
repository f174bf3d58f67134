import { keepQueue } from '../../plugin-kit/batch-queue.ts'
import type { NodeServices } from '../../plugin-kit/plugin.ts'
import { createCollector } from '../../plugin-kit/tracing/collector.ts'
import type { Config } from './schema.ts'
import type { Span } from './span.ts'

/** Takes a span that ended. @param endMs Unix time */
export type Report = (span: Span, endMs: number) => void

/** @returns nothing where there is no server to report to */
export function reporter(config: Config, pluginId: string, node: NodeServices): Report | undefined {
  const { http_endpoint: url } = config
  if (url === undefined) return undefined
  const collector = createCollector({
    url,
    headers: { 'Content-Type': 'application/json' },
    connectTimeoutMs: config.connect_timeout,
    sendTimeoutMs: config.send_timeout,
    readTimeoutMs: config.read_timeout,
  })
  const queue = keepQueue<string>(node, `zipkin ${pluginId}`, config.queue, async (batch) => {
    const { status, reason } = await collector.send(`[${batch.join(',')}]`)
    if (status < 200 || status > 299)
      throw new Error(`The Zipkin server answered ${status} ${reason}`)
  })
  const names = { local: config.local_service_name, remote: config.default_service_name }
  return (span, endMs) => queue.add(JSON.stringify(span.finished(endMs, names)))
}
