import { refuse, type Answer } from '../../plugin-kit/answer.ts'
import type { ClientRequest } from '../../plugin-kit/exchange.ts'
import { definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { schema } from './schema.ts'

const BYTES = { bytes: 1, kilobytes: 1024, megabytes: 1024 * 1024 } as const

/** Refuses requests whose body is too long, by what they announce or else by reading it. */
export const requestSizeLimiting: Plugin = definePlugin({
  name: 'request-size-limiting',
  priority: 951,
  schema,

  create(config) {
    const limitBytes = (config.allowed_payload_size ?? 128) * BYTES[config.size_unit]

    return {
      access({ request }) {
        const { contentLength } = request
        if (contentLength !== undefined)
          return contentLength > limitBytes ? tooLarge(request) : undefined
        if (config.require_content_length && !isChunked(request))
          return refuse(411, 'A valid Content-Length header is required', {
            reason: 'request-size-limiting: neither a length nor chunks',
          })
        if (!request.hasBody) return undefined
        return request
          .readBody(limitBytes)
          .then((body) => (body === 'too-large' ? tooLarge(request) : undefined))
      },
    }
  },
})

function isChunked(request: ClientRequest): boolean {
  return request.header('transfer-encoding') === 'chunked'
}

/** Whoever asked before sending is told that the expectation fails. */
function tooLarge(request: ClientRequest): Answer {
  const isAsking = request.header('expect')?.trim().toLowerCase() === '100-continue'
  return refuse(isAsking ? 417 : 413, 'Request size limit exceeded', {
    reason: 'request-size-limiting: the body is too long',
  })
}
