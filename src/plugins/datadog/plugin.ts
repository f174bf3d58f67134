import { keepQueue } from '../../plugin-kit/batch-queue.ts'
import { measure, measureSession, type Measured } from '../../plugin-kit/measured.ts'
import { ALL_PROTOCOLS, definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { queueConfig } from '../../plugin-kit/queue-fields.ts'
import { udpSender } from '../../plugin-kit/udp-sender.ts'
import { metricLines } from './metric-lines.ts'
import { schema } from './schema.ts'

/** Tells a Datadog agent about each request or session. */
export const datadog: Plugin = definePlugin({
  name: 'datadog',
  priority: 10,
  schema,
  protocols: { allowed: ALL_PROTOCOLS },

  create(config, { id, node }) {
    // Where the config says nothing the environment may, as agents beside a pod set it up.
    const host = config.host ?? process.env['KONG_DATADOG_AGENT_HOST'] ?? 'localhost'
    const port = config.port ?? Number(process.env['KONG_DATADOG_AGENT_PORT'] ?? 8125)
    const sender = udpSender(node)
    const settings = queueConfig(config.queue, config)
    const queue = keepQueue<Measured>(node, `datadog ${id}`, settings, async (batch) => {
      for (const measured of batch)
        for (const line of metricLines(measured, config)) await sender.send(line, host, port)
    })
    return {
      log: (exchange) => queue.add(measure(exchange)),
      logSession: (session) => queue.add(measureSession(session)),
    }
  },
})
