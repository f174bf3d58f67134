import type { Exchange } from '../../plugin-kit/exchange.ts'
import { definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { schema } from './schema.ts'
import { headerRules, transformHeaders } from './transform-headers.ts'
import { jsonRules, transformJson } from './transform-json.ts'

const NOTHING = new Uint8Array()

/** A JSON body on its way; nothing of it goes out before all has come. */
interface Held {
  readonly isJson: boolean
  readonly chunks: Uint8Array[]
}

/** Changes what the client gets: headers, and members of JSON bodies. */
export const responseTransformer: Plugin = definePlugin({
  name: 'response-transformer',
  priority: 800,
  schema,

  create(config, { node }) {
    const headers = headerRules(config)
    const json = jsonRules(config)
    const key = {}
    if (json.isEmpty) return { headerFilter: ({ response }) => transformHeaders(response, headers) }

    const hold = (exchange: Exchange, isJson: boolean): Held =>
      exchange.local<Held>(key, () => ({ isJson, chunks: [] }))

    return {
      headerFilter(exchange) {
        const { response } = exchange
        transformHeaders(response, headers)
        const { isJson } = hold(exchange, isJsonType(response.headerValues('content-type')))
        if (isJson) response.dropLength()
      },
      bodyFilter(exchange, chunk, isLast) {
        const { isJson, chunks } = hold(exchange, false)
        if (!isJson) return undefined
        // The chunk's memory may be used again once this returns.
        chunks.push(Buffer.from(chunk))
        if (!isLast) return NOTHING
        const body = Buffer.concat(chunks)
        if (body.length === 0) return undefined
        const changed = transformJson(body, json)
        if (changed === undefined)
          node.log.warn('response-transformer: the body is not a JSON object, it is left as it is')
        return changed ?? body
      },
    }
  },
})

/** Parameters may follow; other types of JSON do not count. */
function isJsonType(contentTypes: readonly string[]): boolean {
  return contentTypes
    .join(',')
    .split(',')
    .some((type) => type.split(';', 1)[0]!.trim().toLowerCase() === 'application/json')
}
