import { customLogFields } from '../../plugin-kit/custom-log-fields.ts'
import { logEntry } from '../../plugin-kit/log-entry.ts'
import { ALL_PROTOCOLS, definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { severityOf } from '../../plugin-kit/severities.ts'
import { localSyslog } from './local-syslog.ts'
import { schema } from './schema.ts'
import { priorityOf } from './syslog-message.ts'

/** Hands a log entry for each request to the syslog daemon of the machine. */
export const syslog: Plugin = definePlugin({
  name: 'syslog',
  priority: 4,
  schema,
  protocols: { allowed: ALL_PROTOCOLS },

  create(config, { node }) {
    const addFields = customLogFields(config.custom_fields_by_lua, node)
    const daemon = localSyslog(node)
    return {
      log(exchange) {
        const severity = severityOf(exchange.response.status, config)
        if (severity === undefined) return
        addFields(exchange)
        daemon.write(priorityOf(config.facility, severity), JSON.stringify(logEntry(exchange)))
      },
    }
  },
})
