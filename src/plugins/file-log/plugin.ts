import { logTexts } from '../../plugin-kit/custom-log-fields.ts'
import { ALL_PROTOCOLS, definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { AppendFile } from './append-file.ts'
import { schema } from './schema.ts'

/** Appends a log entry for each request or session to a file. */
export const fileLog: Plugin = definePlugin({
  name: 'file-log',
  priority: 9,
  schema,
  protocols: { allowed: ALL_PROTOCOLS },

  create({ path, reopen, custom_fields_by_lua: fields }, { node }) {
    const texts = logTexts(fields, node)
    // One for each path, whatever instances write to it.
    const file = node.keep(
      `file-log ${path}`,
      () =>
        new AppendFile(path, {
          onBegin: (written) => node.complete(written),
          onError: (error) => node.log.error(`file-log: cannot write "${path}"`, error),
        }),
    )
    return {
      log: (exchange) => file.append(texts.of(exchange), reopen),
      logSession: (session) => file.append(texts.ofSession(session), reopen),
    }
  },
})
