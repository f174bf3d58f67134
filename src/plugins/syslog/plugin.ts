import { logTexts } from '../../plugin-kit/custom-log-fields.ts'
import { ALL_PROTOCOLS, definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { severityOf } from '../../plugin-kit/severities.ts'
import { localSyslog } from './local-syslog.ts'
import { schema } from './schema.ts'
import { priorityOf } from './syslog-message.ts'

/** Hands a log entry for each request or session to the syslog daemon of the machine. */
export const syslog: Plugin = definePlugin({
  name: 'syslog',
  priority: 4,
  schema,
  protocols: { allowed: ALL_PROTOCOLS },

  create(config, { node }) {
    const texts = logTexts(config.custom_fields_by_lua, node)
    const daemon = localSyslog(node)
    const write = (status: number, text: () => string): void => {
      const severity = severityOf(status, config)
      if (severity !== undefined) daemon.write(priorityOf(config.facility, severity), text())
    }
    return {
      log: (exchange) => write(exchange.response.status, () => texts.of(exchange)),
      logSession: (session) => write(session.status, () => texts.ofSession(session)),
    }
  },
})
