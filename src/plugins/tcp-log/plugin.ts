import { customLogFields } from '../../plugin-kit/custom-log-fields.ts'
import { logEntry } from '../../plugin-kit/log-entry.ts'
import { ALL_PROTOCOLS, definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { TcpSender } from '../../plugin-kit/tcp-sender.ts'
import { schema } from './schema.ts'

/** Sends a log entry for each request to a TCP server, one a line. */
export const tcpLog: Plugin = definePlugin({
  name: 'tcp-log',
  priority: 7,
  schema,
  protocols: { allowed: ALL_PROTOCOLS },

  create(config, { node }) {
    const { host, port } = config
    const addFields = customLogFields(config.custom_fields_by_lua, node)
    const sender = new TcpSender({
      host,
      port,
      timeoutMs: config.timeout ?? 10_000,
      keepAliveMs: config.keepalive ?? 60_000,
      ...(config.tls && { tls: { serverName: config.tls_sni } }),
    })
    return {
      log(exchange) {
        addFields(exchange)
        sender
          .send(`${JSON.stringify(logEntry(exchange))}\n`)
          .catch((error: unknown) =>
            node.log.error(`tcp-log: cannot send to ${host}:${port}`, error),
          )
      },
      dispose: () => sender.close(),
    }
  },
})
