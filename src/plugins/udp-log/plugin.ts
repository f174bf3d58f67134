import { customLogFields } from '../../plugin-kit/custom-log-fields.ts'
import { logEntry } from '../../plugin-kit/log-entry.ts'
import { ALL_PROTOCOLS, definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { udpSender } from '../../plugin-kit/udp-sender.ts'
import { schema } from './schema.ts'

/** Sends a log entry for each request to a UDP server, one a datagram. */
export const udpLog: Plugin = definePlugin({
  name: 'udp-log',
  priority: 8,
  schema,
  protocols: { allowed: ALL_PROTOCOLS },

  create({ host, port, custom_fields_by_lua: fields }, { node }) {
    const addFields = customLogFields(fields, node)
    const sender = udpSender(node)
    return {
      log(exchange) {
        addFields(exchange)
        sender
          .send(JSON.stringify(logEntry(exchange)), host, port)
          .catch((error: unknown) =>
            node.log.error(`udp-log: cannot send to ${host}:${port}`, error),
          )
      },
    }
  },
})
