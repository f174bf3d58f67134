import { describe, expect, it } from 'vitest'
import { configFaults, testPlugin } from '../../plugin-kit/testing/test-plugin.ts'
import { grpcGateway } from './plugin.ts'

describe('grpc-gateway', () => {
  it('answers preflights itself', async () => {
    const { answer } = await testPlugin(grpcGateway, {}, { request: { method: 'OPTIONS' } })
    expect(answer).toMatchObject({
      status: 200,
      body: 'OK',
      headers: {
        'content-type': 'application/json',
        'access-control-allow-origin': '*',
        'access-control-allow-methods': 'GET,POST,PATCH,DELETE',
        'access-control-allow-headers': 'content-type',
      },
    })
  })

  it('refuses requests where no .proto file tells what they mean', async () => {
    const { answer } = await testPlugin(grpcGateway)
    expect(answer).toMatchObject({
      status: 400,
      body: 'transcoding requests require a .proto file defining the service',
    })
  })

  it('says in the log which file it cannot read, and fails the requests that need it', async () => {
    const logged: string[] = []
    const sent = testPlugin(grpcGateway, { proto: '/nowhere/a.proto' }, { logged })
    await expect(sent).rejects.toThrow('Cannot read proto file "/nowhere/a.proto"')
    expect(logged).toEqual([expect.stringContaining('/nowhere/a.proto')])
  })

  it('leaves answers alone that it did not ask for', async () => {
    const { response } = await testPlugin(
      { ...grpcGateway, create: (config, context) => withoutAccess(config, context) },
      {},
      { request: { reply: { headers: { 'content-type': 'text/plain' }, body: 'x' } } },
    )
    expect(response.header('content-type')).toBe('text/plain')
    expect(response.header('access-control-allow-origin')).toBeUndefined()
  })

  it('takes nothing but a path', () => {
    expect(configFaults(grpcGateway, { proto: 1 })).toEqual(['config.proto: expected a string'])
  })
})

function withoutAccess(...given: Parameters<typeof grpcGateway.create>) {
  return { ...grpcGateway.create(...given), access: () => undefined }
}
