import type { Exchange } from '../../plugin-kit/exchange.ts'
import { definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { generator } from './generators.ts'
import { schema } from './schema.ts'

interface Known {
  id: string | undefined
}

/** Gives each request an id that upstream, client and log share. */
export const correlationId: Plugin = definePlugin({
  name: 'correlation-id',
  priority: 100_001,
  schema,

  create(config, { node }) {
    const name = config.header_name ?? 'Kong-Request-ID'
    const header = name.toLowerCase()
    const generate = generator(config.generator, node)
    const key = {}

    /** The client's own id, or a new one. */
    function idOf(exchange: Exchange): string {
      const known = exchange.local<Known>(key, () => ({ id: undefined }))
      if (known.id !== undefined) return known.id
      const given = exchange.request.header(header)
      known.id = given === undefined || given === '' ? generate(exchange) : given
      return known.id
    }

    return {
      access(exchange) {
        const id = idOf(exchange)
        if (exchange.request.header(header) !== id) exchange.upstream.setHeader(name, id)
        exchange.setLogValue('correlation_id', id)
      },
      ...(config.echo_downstream && {
        headerFilter: (exchange: Exchange) => exchange.response.setHeader(name, idOf(exchange)),
      }),
    }
  },
})
