import { describe, expect, it } from 'vitest'
import { grpcFrame, FrameReader, PLAIN, TRAILERS } from '../../plugin-kit/grpc/grpc-frames.ts'
import { configFaults, testPlugin } from '../../plugin-kit/testing/test-plugin.ts'
import { grpcWeb } from './plugin.ts'

const FRAME = grpcFrame(PLAIN, Buffer.from('message'))

function call(type: string, body: string | Buffer, reply = {}) {
  return {
    request: {
      method: 'POST',
      path: '/a.B/C',
      headers: { 'content-type': type },
      body,
      reply,
    },
  }
}

describe('grpc-web', () => {
  it('answers preflights itself', async () => {
    const config = { allow_origin_header: 'https://a.example' }
    const { answer } = await testPlugin(grpcWeb, config, { request: { method: 'OPTIONS' } })
    expect(answer).toMatchObject({
      status: 200,
      body: 'OK',
      headers: {
        'content-type': 'application/grpc-web-text+proto',
        'access-control-allow-origin': 'https://a.example',
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': 'content-type,x-grpc-web,x-user-agent',
      },
    })
  })

  it.each(['application/grpc-web', 'application/grpc-web+proto'])(
    'passes frames of %s on as they are',
    async (type) => {
      const { upstream } = await testPlugin(grpcWeb, {}, call(type, FRAME))
      expect(upstream.body).toEqual(FRAME)
      expect(upstream.header('content-type')).toBe('application/grpc')
      expect(upstream.path).toBe('/a.B/C')
    },
  )

  it.each(['application/grpc-web-text', 'application/grpc-web-text+proto'])(
    'takes base64 off %s, in however many pieces it was written',
    async (type) => {
      const text = FRAME.subarray(0, 4).toString('base64') + FRAME.subarray(4).toString('base64')
      const { upstream } = await testPlugin(grpcWeb, {}, call(type, text))
      expect(upstream.body).toEqual(FRAME)
    },
  )

  it('ends the answer with its status as a frame', async () => {
    const reply = { headers: { 'grpc-status': '5', 'grpc-message': 'no%20such' }, body: ['x', 'y'] }
    const { body, response } = await testPlugin(
      grpcWeb,
      {},
      call('application/grpc-web', FRAME, reply),
    )
    expect(response.header('content-type')).toBe('application/grpc-web')
    expect(response.header('access-control-allow-origin')).toBe('*')
    expect(response.hasLostLength).toBe(true)
    expect(body.slice(0, 2)).toBe('xy')
    const [frame] = new FrameReader().read(Buffer.from(body.slice(2), 'latin1'))
    expect(body).toContain('grpc-status:5\r\ngrpc-message:no%20such\r\n')
    // As text the flag's byte is lost, so it is looked at in the base64 form below.
    expect(frame).toBeDefined()
    const text = await testPlugin(grpcWeb, {}, call('application/grpc-web-text', '', { body: [] }))
    expect(Buffer.from(text.body, 'base64')[0]).toBe(TRAILERS)
    expect(Buffer.from(text.body, 'base64').subarray(5).toString()).toBe(
      'grpc-status:0\r\ngrpc-message:\r\n',
    )
  })

  it.each(['application/json', 'application/grpc-web+json', 'text/plain', ''])(
    'refuses %j where no .proto file tells what it means',
    async (type) => {
      const { answer } = await testPlugin(grpcWeb, {}, call(type, '{}'))
      expect(answer).toMatchObject({
        status: 400,
        body: 'transcoding requests require a .proto file defining the service',
        headers: { 'access-control-allow-origin': '*' },
      })
    },
  )

  it('names the file it cannot read in the log', async () => {
    const logged: string[] = []
    const config = { proto: '/nowhere/a.proto' }
    const sent = testPlugin(grpcWeb, config, { ...call('application/json', '{}'), logged })
    await expect(sent).rejects.toThrow('/nowhere/a.proto')
    expect(logged).toEqual([expect.stringContaining('Cannot read proto file "/nowhere/a.proto"')])
    // Those that need no file pass.
    const { answer } = await testPlugin(grpcWeb, config, call('application/grpc-web', FRAME))
    expect(answer).toBeUndefined()
  })

  it('checks its config', () => {
    expect(configFaults(grpcWeb, { pass_stripped_path: 'x' })).toEqual([
      'config.pass_stripped_path: expected a boolean',
    ])
  })
})
