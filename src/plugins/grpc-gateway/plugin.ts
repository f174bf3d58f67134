import { refuse, type Answer } from '../../plugin-kit/answer.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import { FrameReader, grpcFrame, PLAIN } from '../../plugin-kit/grpc/grpc-frames.ts'
import type { GrpcMethod } from '../../plugin-kit/grpc/proto-file.ts'
import { messageToJson } from '../../plugin-kit/grpc/proto-json.ts'
import { protoMethods } from '../../plugin-kit/grpc/proto-methods.ts'
import { ALL_PROTOCOLS, definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { httpEndpoints, type HttpCall, type HttpEndpoints } from './http-endpoints.ts'
import { requestMessage } from './request-message.ts'
import { schema } from './schema.ts'
import { httpStatus } from './status-map.ts'

/** Longest request that is read. */
const BODY_LIMIT_BYTES = 64 * 1024 * 1024
const ALLOW_ORIGIN = { 'access-control-allow-origin': '*' } as const
const NO_PROTO = 'transcoding requests require a .proto file defining the service'

/** An exchange that went through `access`. */
interface Call {
  method: GrpcMethod | undefined
  readonly frames: FrameReader
}

/** Lets clients of HTTP and JSON call gRPC services, as `google.api.http` options of a .proto file say. */
export const grpcGateway: Plugin = definePlugin({
  name: 'grpc-gateway',
  priority: 998,
  schema,
  protocols: { allowed: ALL_PROTOCOLS },

  create(config, { node }) {
    const endpoints = config.proto === undefined ? undefined : endpointsOf(config.proto, node)
    const key = {}
    const callOf = (exchange: Exchange): Call =>
      exchange.local<Call>(key, () => ({ method: undefined, frames: new FrameReader() }))

    return {
      access(exchange) {
        const { request } = exchange
        if (request.method === 'OPTIONS') return PREFLIGHT
        if (endpoints === undefined) return refused(NO_PROTO)
        const call = endpoints()(request.method, request.path)
        if (typeof call === 'string') return refused(`failed to transcode .proto file ${call}`)
        callOf(exchange).method = call.method
        if (!request.hasBody) return send(exchange, call, '')
        return request
          .readBody(BODY_LIMIT_BYTES)
          .then((body) =>
            body === 'too-large'
              ? refuse(413, 'Payload too large', { headers: ALLOW_ORIGIN })
              : send(exchange, call, Buffer.from(body).toString()),
          )
      },
      headerFilter(exchange) {
        const { response } = exchange
        if (callOf(exchange).method === undefined) return
        response.setHeader('Access-Control-Allow-Origin', '*')
        if (response.source !== 'service') return
        response.setHeader('Content-Type', 'application/json')
        response.dropLength()
        const status = response.header('grpc-status')
        if (status !== undefined) response.status = httpStatus(status)
      },
      bodyFilter(exchange, chunk, isLast) {
        const { method, frames } = callOf(exchange)
        if (method === undefined || exchange.response.source !== 'service') return undefined
        const texts = frames
          .read(chunk)
          .map(({ message }) =>
            JSON.stringify(messageToJson(method.response, method.response.decode(message))),
          )
        // What is no frame at the end is no gRPC: it passes as it is.
        return isLast && texts.length === 0 ? frames.rest : Buffer.from(texts.join(''))
      },
    }
  },
})

/** The file is read when the instance is made; its rules are compiled with it. */
function endpointsOf(file: string, node: Parameters<typeof protoMethods>[1]): () => HttpEndpoints {
  const methods = protoMethods(file, node)
  let made: HttpEndpoints | undefined
  return () => (made ??= httpEndpoints(methods()))
}

/** Makes the request one of gRPC. @returns what is wrong with it, if so */
function send(exchange: Exchange, call: HttpCall, body: string): Answer | undefined {
  const { upstream, request } = exchange
  const message = requestMessage(call, body, request.query())
  if (typeof message === 'string') return refused(message)
  upstream.method = 'POST'
  upstream.path = call.method.path
  upstream.rawQuery = ''
  upstream.setHeader('Content-Type', 'application/grpc')
  // Frames of the answer are read here, so they must not be compressed.
  upstream.removeHeader('grpc-accept-encoding')
  upstream.setBody(grpcFrame(PLAIN, message))
  return undefined
}

function refused(message: string): Answer {
  return {
    kind: 'exit',
    status: 400,
    headers: ALLOW_ORIGIN,
    body: message,
    reason: `grpc-gateway: ${message}`,
  }
}

const PREFLIGHT: Answer = {
  kind: 'exit',
  status: 200,
  headers: {
    'content-type': 'application/json',
    ...ALLOW_ORIGIN,
    'access-control-allow-methods': 'GET,POST,PATCH,DELETE',
    'access-control-allow-headers': 'content-type',
  },
  body: 'OK',
  reason: 'grpc-gateway: preflight',
}
