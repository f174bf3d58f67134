import { logTexts } from '../../plugin-kit/custom-log-fields.ts'
import { ALL_PROTOCOLS, definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { TcpSender } from '../../plugin-kit/tcp-sender.ts'
import { schema } from './schema.ts'

/** Sends a log entry for each request or session to a TCP server, one a line. */
export const tcpLog: Plugin = definePlugin({
  name: 'tcp-log',
  priority: 7,
  schema,
  protocols: { allowed: ALL_PROTOCOLS },

  create(config, { node }) {
    const { host, port } = config
    const texts = logTexts(config.custom_fields_by_lua, node)
    const sender = new TcpSender({
      host,
      port,
      timeoutMs: config.timeout ?? 10_000,
      keepAliveMs: config.keepalive ?? 60_000,
      ...(config.tls && { tls: { serverName: config.tls_sni } }),
    })
    const send = (text: string): void => {
      const sent = sender.send(`${text}\n`)
      node.complete(
        sent.catch((error: unknown) =>
          node.log.error(`tcp-log: cannot send to ${host}:${port}`, error),
        ),
      )
    }
    return {
      log: (exchange) => send(texts.of(exchange)),
      logSession: (session) => send(texts.ofSession(session)),
      dispose: () => sender.close(),
    }
  },
})
