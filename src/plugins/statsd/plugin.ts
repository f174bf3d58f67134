import { keepQueue } from '../../plugin-kit/batch-queue.ts'
import { measure, measureSession, type Measured } from '../../plugin-kit/measured.ts'
import {
  ALL_PROTOCOLS,
  definePlugin,
  type NodeServices,
  type Plugin,
} from '../../plugin-kit/plugin.ts'
import { queueConfig } from '../../plugin-kit/queue-fields.ts'
import { TcpSender } from '../../plugin-kit/tcp-sender.ts'
import { udpSender } from '../../plugin-kit/udp-sender.ts'
import { joinLines } from './join-lines.ts'
import { metricLines } from './metric-lines.ts'
import { schema, type Config } from './schema.ts'

const TCP_TIMEOUTS = { timeoutMs: 1000, keepAliveMs: 60_000 }

/** Tells a StatsD server about each request or session. */
export const statsd: Plugin = definePlugin({
  name: 'statsd',
  priority: 11,
  schema,
  protocols: { allowed: ALL_PROTOCOLS },

  create(config, { id, node }) {
    const send = sender(config, node)
    const settings = queueConfig(config.queue, config)
    const queue = keepQueue<Measured>(node, `statsd ${id}`, settings, (batch) =>
      send(batch.flatMap((measured) => metricLines(measured, config, node.hostname))),
    )
    return {
      log: (exchange) => queue.add(measure(exchange)),
      logSession: (session) => queue.add(measureSession(session)),
    }
  },
})

function sender(config: Config, node: NodeServices): (lines: readonly string[]) => Promise<void> {
  const host = config.host ?? 'localhost'
  const port = config.port ?? 8125
  if (config.use_tcp) {
    const tcp = new TcpSender({ host, port, ...TCP_TIMEOUTS })
    return (lines) => tcp.send(lines.map((line) => `${line}\n`).join(''))
  }
  const udp = udpSender(node)
  return async (lines) => {
    for (const packet of joinLines(lines, config.udp_packet_size ?? 0))
      await udp.send(packet, host, port)
  }
}
