import { once } from 'node:events'
import { createServer, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { startOidcProvider } from '../../support/start-oidc-provider.ts'
import { CLIENT, startMirror, startOidcGateway } from './setting.ts'

const PATIENT = { timeout: 20_000 }

/** A forward proxy, which tells what it was asked and by whom. */
async function startForwardProxy() {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.headers['proxy-authorization']} ${request.url}`)
    const { 'proxy-authorization': _shown, ...headers } = request.headers
    const onward = send(request.url!, { method: request.method, headers }, (reply) => {
      response.writeHead(reply.statusCode!, reply.headers)
      reply.pipe(response)
    })
    request.pipe(onward)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    asked,
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('openid-connect › calls of the provider', () => {
  it('go through a proxy, which is told who asks, or past it', async () => {
    await using provider = await startOidcProvider()
    await using proxy = await startForwardProxy()
    await using upstream = await startMirror()
    const login = { issuer: provider.issuer, ...CLIENT, auth_methods: ['authorization_code'] }
    const way = `127.0.0.1:${proxy.port}`
    await using gateway = await startOidcGateway(upstream, {
      shown: {
        ...login,
        http_proxy: `http://${way}`,
        http_proxy_authorization: 'Basic Z2F0ZTprZXk=',
      },
      named: { ...login, http_proxy: `http://gate:k%65y@${way}` },
      past: { ...login, http_proxy: `http://${way}`, no_proxy: 'intern.test, 127.0.0.0/8' },
    })
    const discovery = `Basic Z2F0ZTprZXk= ${provider.issuer}/.well-known/openid-configuration`
    for (const [path, first] of [
      ['past', undefined],
      ['shown', discovery],
      ['named', discovery],
    ]) {
      proxy.asked.length = 0
      const response = await fetch(`${gateway.url}/${path}`, { redirect: 'manual' })
      expect([response.status, proxy.asked[0]]).toEqual([302, first])
    }
  })

  it('show what of the configuration the provider does not support, where that is to be looked for', async () => {
    await using provider = await startOidcProvider()
    await using upstream = await startMirror()
    const login = {
      issuer: provider.issuer,
      ...CLIENT,
      auth_methods: ['authorization_code', 'session'],
      verify_parameters: true,
    }
    await using gateway = await startOidcGateway(upstream, {
      fits: login,
      differs: { ...login, scopes: ['openid', 'invoices'] },
      unasked: { ...login, scopes: ['openid', 'invoices'], verify_parameters: false },
    })
    const status = async (path: string): Promise<number> =>
      (await fetch(`${gateway.url}/${path}`, { redirect: 'manual' })).status
    expect([await status('fits'), await status('unasked'), await status('differs')]).toEqual([
      302, 302, 500,
    ])
    await expect
      .poll(() => gateway.errorLog(), PATIENT)
      .toContain(
        `Cannot use the provider ${provider.issuer} (verify_parameters): scopes has "invoices", and scopes_supported of the provider has openid, offline_access`,
      )
  })
})
