import { fileURLToPath } from 'node:url'
import {
  Metadata,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerWritableStream,
} from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FrameReader, grpcFrame } from '../../../src/plugin-kit/grpc/grpc-frames.ts'
import { readProtoFile, type GrpcMethod } from '../../../src/plugin-kit/grpc/proto-file.ts'
import { grpcGateway } from '../../../src/plugins/grpc-gateway/plugin.ts'
import { grpcWeb } from '../../../src/plugins/grpc-web/plugin.ts'
import { startGrpcUpstream, type GrpcUpstream } from '../../support/start-grpc-upstream.ts'
import { plugin, route, service, startProxy } from '../../support/start-proxy.ts'

const PROTO = fileURLToPath(new URL('greeter.proto', import.meta.url))
const METHODS = readProtoFile(PROTO)

type Message = Readonly<Record<string, unknown>>
const methodNamed = (name: string): GrpcMethod =>
  METHODS.find(({ path }) => path.endsWith(`/${name}`))!
const { request: Greeting, response: Answer } = methodNamed('Greet')

const definition = (name: string, responseStream = false) => ({
  path: methodNamed(name).path,
  requestStream: false,
  responseStream,
  requestSerialize: (message: object) => Buffer.from(Greeting.encode(message).finish()),
  requestDeserialize: (bytes: Buffer) => Greeting.decode(bytes),
  responseSerialize: (message: object) =>
    Buffer.from(Answer.encode(Answer.fromObject(message)).finish()),
  responseDeserialize: (bytes: Buffer) => Answer.decode(bytes),
})

type Unary = ServerUnaryCall<Message, Message>

let upstream: GrpcUpstream
let proxy: Awaited<ReturnType<typeof startProxy>>
let url: string
let sawMetadata = new Metadata()

beforeAll(async () => {
  upstream = await startGrpcUpstream(
    { greet: definition('Greet'), count: definition('Count', true), fail: definition('Fail') },
    {
      greet(call: Unary, done: sendUnaryData<Message>) {
        sawMetadata = call.metadata
        done(null, { text: `Hello ${String(call.request['name'])}`, got: call.request })
      },
      count(call: ServerWritableStream<Message, Message>) {
        const times = Number(call.request['times'])
        for (let index = 1; index <= times; index += 1) call.write({ text: `number ${index}` })
        call.end()
      },
      fail(call: Unary, done: sendUnaryData<Message>) {
        done({ code: Number(call.request['times']), details: 'as asked' })
      },
    },
  )
  proxy = await startProxy({
    plugins: [grpcGateway, grpcWeb],
    entities: {
      services: [service('greeter', upstream.port, { protocol: 'grpc' })],
      routes: [
        route('rest', 'greeter', { paths: ['/v1/'] }),
        route('web', 'greeter', { paths: ['/hello.Greeter/'] }),
        route('under', 'greeter', { paths: ['/under'] }),
        route('bare', 'greeter', { paths: ['/bare'] }),
      ],
      plugins: [
        { ...plugin('grpc-gateway', { proto: PROTO }), route: { id: 'rest' } },
        {
          ...plugin('grpc-web', { proto: PROTO, allow_origin_header: 'https://a.example' }),
          id: 'web',
          route: { id: 'web' },
        },
        {
          ...plugin('grpc-web', { proto: PROTO, pass_stripped_path: true }),
          id: 'under',
          route: { id: 'under' },
        },
        { ...plugin('grpc-web', {}), id: 'bare', route: { id: 'bare' } },
      ],
    },
    listen: { http2: true },
  })
  url = `http://127.0.0.1:${proxy.port}`
})

afterAll(async () => {
  await proxy[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

describe('grpc-gateway', () => {
  const get = async (path: string, more: RequestInit = {}) => {
    const response = await fetch(url + path, more)
    return { response, json: (await response.json().catch(() => undefined)) as Message }
  }

  it('calls a method by path and query', async () => {
    const { response, json } = await get(
      '/v1/greet/ann?times=3&loud=1&from.city=Oslo&titles=Dr&titles=Prof&nothing=1&at=2026-01-02T03:04:05Z',
    )
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(json).toEqual({
      text: 'Hello ann',
      unset: 0,
      got: {
        name: 'ann',
        times: 3,
        loud: true,
        from: { city: 'Oslo' },
        titles: ['Dr', 'Prof'],
        at: '2026-01-02T03:04:05Z',
      },
    })
    expect(sawMetadata.get('x-forwarded-path')).toEqual(['/v1/greet/ann'])
  })

  it('takes false for what it is', async () => {
    expect((await get('/v1/greet/ann?loud=false')).json['got']).toMatchObject({ loud: false })
    expect((await get('/v1/greet/ann?loud=0')).json['got']).toMatchObject({ loud: false })
  })

  it('knows further bindings', async () => {
    expect((await get('/v1/old/ann/and/ben')).json['text']).toBe('Hello ann/and/ben')
    const post = await get('/v1/greet', { method: 'POST', body: '{"name":"ann","times":2}' })
    expect(post.json['got']).toMatchObject({ name: 'ann', times: 2 })
    const put = await get('/v1/greet/ben/from', { method: 'PUT', body: '{"city":"Rome"}' })
    expect(put.json['got']).toMatchObject({ name: 'ben', from: { city: 'Rome' } })
  })

  it('strings the messages of a stream together', async () => {
    const response = await fetch(`${url}/v1/count/3`)
    expect(await response.text()).toBe(
      '{"text":"number 1","unset":0}{"text":"number 2","unset":0}{"text":"number 3","unset":0}',
    )
  })

  it.each([
    [1, 499],
    [3, 400],
    [5, 404],
    [7, 403],
    [16, 401],
    [14, 503],
    [12, 500],
  ])('answers status %i of gRPC as %i', async (code, status) => {
    const { response } = await get(`/v1/fail/${code}`)
    expect(response.status).toBe(status)
    expect(response.headers.get('grpc-message')).toBe('as%20asked')
    expect(response.headers.get('content-type')).toBe('application/json')
  })

  it.each([
    ['PATCH', '/v1/greet', undefined, 'failed to transcode .proto file Unknown method "patch"'],
    ['GET', '/v1/nothing', undefined, 'failed to transcode .proto file Unknown path "/v1/nothing"'],
    ['POST', '/v1/greet', '5', 'body must be a table'],
    ['POST', '/v1/greet', '{"times":"many"}', 'failed to encode payload'],
    ['GET', '/v1/count/many', undefined, 'failed to encode payload'],
    ['POST', '/v1/greet', '{"na', /^decode json err: /],
  ])('refuses %s %s with %j', async (method, path, body, message) => {
    const response = await fetch(url + path, { method, ...(body !== undefined && { body }) })
    expect(response.status).toBe(400)
    expect(await response.text()).toEqual(
      typeof message === 'string' ? message : expect.stringMatching(message),
    )
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
  })

  it('cannot be led astray by names', async () => {
    const body = '{"__proto__":{"name":"evil"},"constructor":1,"name":"ann"}'
    expect((await get('/v1/greet', { method: 'POST', body })).json['text']).toBe('Hello ann')
    expect((await get('/v1/greet/ann?__proto__.city=x&constructor.prototype=1')).json['text']).toBe(
      'Hello ann',
    )
    expect(({} as Message)['city']).toBeUndefined()
  })
})

describe('grpc-web', () => {
  const message = Greeting.encode({ name: 'ann' }).finish()
  const FRAME = grpcFrame(0, message)

  const post = async (type: string, body: string | Buffer, path = '/hello.Greeter/Greet') => {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': type },
      body: new Uint8Array(Buffer.from(body)),
    })
    return { response, bytes: Buffer.from(await response.arrayBuffer()) }
  }
  const TRAILER = 'grpc-status:0\r\ngrpc-message:OK\r\n'
  const read = (bytes: Buffer) => {
    const frames = new FrameReader().read(bytes)
    return {
      texts: frames
        .slice(0, -1)
        .map((frame) => (Answer.decode(frame.message) as unknown as Message)['text']),
      last: frames.at(-1)!,
    }
  }

  it('takes and gives frames', async () => {
    const { response, bytes } = await post('application/grpc-web+proto', FRAME)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/grpc-web+proto')
    expect(response.headers.get('access-control-allow-origin')).toBe('https://a.example')
    const { texts, last } = read(bytes)
    expect(texts).toEqual(['Hello ann'])
    expect(last.flag).toBe(0x80)
    expect(last.message.toString()).toBe(TRAILER)
  })

  it('takes and gives frames in base64', async () => {
    const { bytes } = await post('application/grpc-web-text', FRAME.toString('base64'))
    const pieces = bytes.toString().match(/[^=]+=*/g)!
    const { texts, last } = read(Buffer.concat(pieces.map((piece) => Buffer.from(piece, 'base64'))))
    expect(texts).toEqual(['Hello ann'])
    expect(last.message.toString()).toBe(TRAILER)
  })

  it('takes and gives JSON, alone and in frames', async () => {
    const alone = await post('application/json', '{"name":"ann"}')
    expect(JSON.parse(alone.bytes.toString())).toMatchObject({ text: 'Hello ann' })
    const framed = await post(
      'application/grpc-web+json',
      grpcFrame(0, Buffer.from('{"name":"ann"}')),
    )
    const [first, last] = new FrameReader().read(framed.bytes)
    expect(JSON.parse(first!.message.toString())).toMatchObject({ text: 'Hello ann' })
    expect(last!.flag).toBe(0x80)
  })

  it('gives every message of a stream', async () => {
    const frame = grpcFrame(0, Greeting.encode({ times: 4 }).finish())
    const { bytes } = await post('application/grpc-web', frame, '/hello.Greeter/Count')
    expect(read(bytes).texts).toEqual(['number 1', 'number 2', 'number 3', 'number 4'])
  })

  it('says in its last frame that the call failed', async () => {
    const frame = grpcFrame(0, Greeting.encode({ times: 9 }).finish())
    const { response, bytes } = await post('application/grpc-web', frame, '/hello.Greeter/Fail')
    expect(response.status).toBe(200)
    expect(read(bytes).last.message.toString()).toBe('grpc-status:9\r\ngrpc-message:as%20asked\r\n')
  })

  it('strips the path only where it is told to', async () => {
    const { bytes } = await post('application/json', '{"name":"ann"}', '/under/hello.Greeter/Greet')
    expect(JSON.parse(bytes.toString())).toMatchObject({ text: 'Hello ann' })
    const bare = await post('application/grpc-web', FRAME, '/bare/hello.Greeter/Greet')
    // Status 12: the server knows no method of the whole path.
    expect(new FrameReader().read(bare.bytes).at(-1)!.message.toString()).toContain(
      'grpc-status:12',
    )
  })

  it('refuses what it cannot read', async () => {
    const unknown = await post('application/json', '{}', '/hello.Greeter/Nothing')
    expect([unknown.response.status, unknown.bytes.toString()]).toEqual([
      400,
      'Unknown path "/hello.Greeter/Nothing"',
    ])
    const broken = await post('application/json', '{"na')
    expect(broken.response.status).toBe(400)
  })
})
