import { logTexts } from '../../plugin-kit/custom-log-fields.ts'
import { ALL_PROTOCOLS, definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { severityOf } from '../../plugin-kit/severities.ts'
import { udpSender } from '../../plugin-kit/udp-sender.ts'
import { schema } from './schema.ts'

/** Of facility `user`. */
const FACILITY = 8
/** The number of the enterprise whose data the key is. */
const ENTERPRISE = 41_058

/** Sends a log entry for each request or session to Loggly. @see RFC 5424 */
export const loggly: Plugin = definePlugin({
  name: 'loggly',
  priority: 6,
  schema,
  protocols: { allowed: ALL_PROTOCOLS },

  create(config, { node }) {
    const host = config.host ?? 'logs-01.loggly.com'
    const port = config.port ?? 514
    const tags = (config.tags ?? []).map(
      (tag) => ` tag="${tag.replaceAll(/["\\\]]/g, String.raw`\$&`)}"`,
    )
    const data = `[${config.key}@${ENTERPRISE}${tags.join('')}]`
    const texts = logTexts(config.custom_fields_by_lua, node)
    const sender = udpSender(node)

    const send = (status: number, text: () => string): void => {
      const severity = severityOf(status, config)
      if (severity === undefined) return
      const time = new Date(node.now()).toISOString()
      const message = `<${FACILITY + severity}>1 ${time} ${node.hostname} kong - - ${data} ${text()}`
      const sent = sender.send(message, host, port)
      node.complete(
        sent.catch((error: unknown) =>
          node.log.error(`loggly: cannot send to ${host}:${port}`, error),
        ),
      )
    }
    return {
      log: (exchange) => send(exchange.response.status, () => texts.of(exchange)),
      logSession: (session) => send(session.status, () => texts.ofSession(session)),
    }
  },
})
