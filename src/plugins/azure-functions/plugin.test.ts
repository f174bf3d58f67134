import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import {
  configFaults,
  parsedConfig,
  testGateway,
  type TestSetting,
} from '../../plugin-kit/testing/test-plugin.ts'
import { azureFunctions } from './plugin.ts'

interface Asked {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

const SELF = { Server: 'Kestrel', Via: '1.1 front' }

/** A function app on this machine; it answers 207 with a body that came in pieces. */
async function functionApp() {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method, url, headers } = request
      asked.push({ method, url, headers, body: Buffer.concat(chunks).toString() })
      response.writeHead(207, { 'Content-Type': 'text/plain', 'X-Two': ['1', '2'], ...SELF })
      response.write('hel')
      response.end('lo')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    asked,
    config: { appname: '127.0.0', hostdomain: `1:${port}`, functionname: 'hi', https: false },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function call(config: object, request: TestSetting['request'], setting: TestSetting = {}) {
  const gateway = testGateway([[azureFunctions, { ...config }]], setting)
  try {
    return await gateway.send(request)
  } finally {
    for (const handlers of gateway.handlers) handlers.dispose?.()
  }
}

describe('azure-functions', () => {
  it('calls the function with method, query, headers and body of the client', async () => {
    await using app = await functionApp()
    await call(
      { ...app.config, apikey: 'key', clientid: 'me' },
      {
        method: 'PUT',
        path: '/not/sent?a=1&b=%20',
        headers: [
          ['Host', 'gateway.test'],
          ['X-Mine', 'one'],
          ['X-Mine', 'two'],
          ['X-Functions-Key', 'forged'],
          ['X-Functions-ClientId', 'forged'],
          ['Connection', 'upgrade'],
        ],
        body: 'the body',
      },
    )
    const [asked] = app.asked
    expect(asked).toMatchObject({ method: 'PUT', url: '/api/hi?a=1&b=%20', body: 'the body' })
    expect(asked!.headers).toMatchObject({
      host: app.config.hostdomain.replace('1:', '127.0.0.1:'),
      'x-mine': 'one, two',
      'x-functions-key': 'key',
      'x-functions-clientid': 'me',
      'content-length': '8',
    })
    expect(asked!.headers.connection).not.toBe('upgrade')
  })

  it('takes out keys of the client where none is configured', async () => {
    await using app = await functionApp()
    await call(app.config, { headers: { 'x-functions-key': 'a', 'x-functions-clientid': 'b' } })
    expect(app.asked[0]!.headers).not.toHaveProperty('x-functions-key')
    expect(app.asked[0]!.headers).not.toHaveProperty('x-functions-clientid')
  })

  it.each([
    [{ functionname: '/a/b/' }, '/api/a/b'],
    [{ routeprefix: '/x/y/' }, '/x/y/hi'],
    [{ routeprefix: '///' }, '/hi'],
  ])('with %j asks for %s', async (config, path) => {
    await using app = await functionApp()
    await call({ ...app.config, ...config }, {})
    expect(app.asked[0]!.url).toBe(path)
  })

  it('answers what the function answers, and says so', async () => {
    await using app = await functionApp()
    const { answer } = await call(app.config, {})
    expect(answer).toMatchObject({
      kind: 'exit',
      status: 207,
      headers: {
        'content-type': ['text/plain'],
        'x-two': ['1', '2'],
        server: ['Kestrel'],
        via: '1.1 front, 1.1 kong/3.9.3',
      },
    })
    expect(String(answer?.kind === 'exit' && answer.body)).toBe('hello')
  })

  it('is silent about itself where headers are switched off', async () => {
    await using app = await functionApp()
    const { answer } = await call(app.config, {}, { settings: { headers: ['off'] } })
    expect(answer?.headers?.['via']).toBe('1.1 front')
  })

  it('answers 500 when the function cannot be reached, and tells the log why', async () => {
    const app = await functionApp()
    await app[Symbol.asyncDispose]()
    const logged: string[] = []
    const { answer } = await call(app.config, {}, { logged })
    expect(answer).toMatchObject({
      kind: 'exit',
      status: 500,
      body: '{"message":"An unexpected error occurred"}',
    })
    expect(logged).toEqual([
      `azure-functions: cannot call http://127.0.0.${app.config.hostdomain}/api/hi`,
    ])
  })

  it('has Kong’s defaults', () => {
    expect(parsedConfig(azureFunctions, { appname: 'app', functionname: 'f' })).toMatchObject({
      timeout: 600_000,
      keepalive: 60_000,
      https: true,
      https_verify: false,
      hostdomain: 'azurewebsites.net',
      routeprefix: 'api',
    })
  })

  it('refuses a config without names', () => {
    expect(configFaults(azureFunctions, {})).toEqual([
      'config.appname: required field missing',
      'config.functionname: required field missing',
    ])
  })
})
