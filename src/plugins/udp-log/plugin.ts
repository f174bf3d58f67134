import { logTexts } from '../../plugin-kit/custom-log-fields.ts'
import { ALL_PROTOCOLS, definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { udpSender } from '../../plugin-kit/udp-sender.ts'
import { schema } from './schema.ts'

/** Sends a log entry for each request or session to a UDP server, one a datagram. */
export const udpLog: Plugin = definePlugin({
  name: 'udp-log',
  priority: 8,
  schema,
  protocols: { allowed: ALL_PROTOCOLS },

  create({ host, port, custom_fields_by_lua: fields }, { node }) {
    const texts = logTexts(fields, node)
    const sender = udpSender(node)
    const send = (text: string): void => {
      const sent = sender.send(text, host, port)
      node.complete(
        sent.catch((error: unknown) =>
          node.log.error(`udp-log: cannot send to ${host}:${port}`, error),
        ),
      )
    }
    return {
      log: (exchange) => send(texts.of(exchange)),
      logSession: (session) => send(texts.ofSession(session)),
    }
  },
})
