import { refuse, type Answer, type ExitAnswer } from '../../plugin-kit/answer.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import { protoMethods } from '../../plugin-kit/grpc/proto-methods.ts'
import { ALL_PROTOCOLS, definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { schema } from './schema.ts'
import { Transcoding } from './transcoding.ts'
import { webEncoding } from './web-encoding.ts'

/** Longest request that is read; calls that stream for long are not for browsers. */
const BODY_LIMIT_BYTES = 64 * 1024 * 1024
/** The type of an answer to a preflight, as Kong has it. */
const PREFLIGHT_TYPE = 'application/grpc-web-text+proto'

/** An exchange that went through `access`. */
interface Call {
  transcoding: Transcoding | undefined
  /** As the client sent it, which is how it wants its answer. */
  type: string | undefined
}

/** Lets clients in browsers call gRPC services: takes gRPC-Web and JSON, asks over gRPC. */
export const grpcWeb: Plugin = definePlugin({
  name: 'grpc-web',
  priority: 3,
  schema,
  protocols: { allowed: ALL_PROTOCOLS },

  create(config, { node }) {
    const methods = config.proto === undefined ? undefined : protoMethods(config.proto, node)
    const origin = config.allow_origin_header ?? '*'
    const key = {}
    const callOf = (exchange: Exchange): Call =>
      exchange.local<Call>(key, () => ({ transcoding: undefined, type: undefined }))

    /** @returns the exchange's transcoding, or why there is none */
    const begin = (exchange: Exchange, path: string): Transcoding | string => {
      const encoding = webEncoding(exchange.request.header('content-type'))
      if (!encoding.isJson) return new Transcoding(encoding, undefined)
      if (methods === undefined)
        return 'transcoding requests require a .proto file defining the service'
      const method = methods().find((known) => known.path === path)
      return method === undefined ? `Unknown path "${path}"` : new Transcoding(encoding, method)
    }

    return {
      access(exchange) {
        const { request, upstream } = exchange
        if (request.method === 'OPTIONS') return preflight(origin)
        const path = (config.pass_stripped_path && upstream.strippedPath) || request.path
        const transcoding = begin(exchange, path)
        if (typeof transcoding === 'string') return refused(transcoding, origin)
        Object.assign(callOf(exchange), { transcoding, type: request.header('content-type') })
        upstream.path = path
        upstream.setHeader('Content-Type', 'application/grpc')
        // Frames of the answer are read here, so they must not be compressed.
        upstream.removeHeader('grpc-accept-encoding')
        return request.readBody(BODY_LIMIT_BYTES).then((body): Answer | undefined => {
          if (body === 'too-large') return refuse(413, 'Payload too large')
          try {
            upstream.setBody(transcoding.request(body))
            return undefined
          } catch (error) {
            return refused(`Cannot read the request: ${(error as Error).message}`, origin)
          }
        })
      },
      headerFilter(exchange) {
        const { request, response } = exchange
        const { transcoding, type } = callOf(exchange)
        if (transcoding === undefined) return
        response.setHeader('Access-Control-Allow-Origin', origin)
        if (response.source !== 'service') return
        if (type !== undefined) response.setHeader('Content-Type', type)
        if (request.method === 'POST') response.dropLength()
      },
      bodyFilter(exchange, chunk, isLast) {
        const { request, response } = exchange
        const { transcoding } = callOf(exchange)
        const isConverted = transcoding !== undefined && response.source === 'service'
        if (!isConverted || request.method !== 'POST') return undefined
        const passed = transcoding.response(chunk)
        return isLast ? Buffer.concat([passed, trailersOf(exchange, transcoding)]) : passed
      },
    }
  },
})

function trailersOf(exchange: Exchange, transcoding: Transcoding): Buffer {
  const status = trailer(exchange, 'grpc-status') ?? '0'
  return transcoding.trailers(status, trailer(exchange, 'grpc-message') ?? '')
}

function refused(message: string, origin: string): ExitAnswer {
  return {
    kind: 'exit',
    status: 400,
    headers: { 'access-control-allow-origin': origin },
    body: message,
    reason: `grpc-web: ${message}`,
  }
}

/** What comes after a body, or with the head of an answer that has none. */
function trailer({ response }: Exchange, name: string): string | undefined {
  return response.trailer?.(name) ?? response.header(name)
}

function preflight(origin: string): Answer {
  return {
    kind: 'exit',
    status: 200,
    headers: {
      'content-type': PREFLIGHT_TYPE,
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'content-type,x-grpc-web,x-user-agent',
    },
    body: 'OK',
    reason: 'grpc-web: preflight',
  }
}
