import { keepQueue } from '../../plugin-kit/batch-queue.ts'
import { logTexts } from '../../plugin-kit/custom-log-fields.ts'
import { ALL_PROTOCOLS, definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { queueConfig } from '../../plugin-kit/queue-fields.ts'
import { logEndpoint } from './log-endpoint.ts'
import { configFault, schema } from './schema.ts'

/** Sends a log entry for each request or session to an HTTP server. */
export const httpLog: Plugin = definePlugin({
  name: 'http-log',
  priority: 12,
  schema,
  configValidator: configFault,
  protocols: { allowed: ALL_PROTOCOLS },

  create(config, { node }) {
    const endpoint = logEndpoint(config)
    const texts = logTexts(config.custom_fields_by_lua, node)
    const settings = queueConfig(config.queue, config)
    // A server that takes batches always gets a list, one that takes entries never does.
    const bodyOf = (batch: readonly string[]): string =>
      settings.max_batch_size === 1 ? batch.join('') : `[${batch.join(',')}]`
    const queue = keepQueue<string>(node, endpoint.name, settings, (batch) =>
      endpoint.send(bodyOf(batch)),
    )
    return {
      log: (exchange) => queue.add(texts.of(exchange)),
      logSession: (session) => queue.add(texts.ofSession(session)),
    }
  },
})
