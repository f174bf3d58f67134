import { fromByteString } from '../../base/buffer-slices.ts'
import type { ClientRequest } from '../../plugin-kit/exchange.ts'
import { definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { schema } from './schema.ts'

/** Sends clients elsewhere. */
export const redirect: Plugin = definePlugin({
  name: 'redirect',
  priority: 779,
  schema,

  create(config) {
    const { location, status_code: status } = config
    const target = config.keep_incoming_path ? new URL(location) : undefined

    return {
      access: ({ request }) => ({
        kind: 'exit',
        status,
        headers: { location: target === undefined ? location : withPathOf(target, request) },
        body: 'redirecting',
        reason: 'redirect: configured answer',
      }),
    }
  },
})

/** A setter cannot change the host, so a path such as `//evil.test` stays a path. */
function withPathOf(target: URL, request: ClientRequest): string {
  const location = new URL(target)
  location.pathname = fromByteString(request.path)
  location.search = request.rawQuery
  return location.href
}
