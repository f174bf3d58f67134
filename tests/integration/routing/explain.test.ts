import { describe, expect, it } from 'vitest'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'

const CONFIG = {
  _format_version: '3.0',
  services: [
    {
      name: 'orders',
      url: 'http://orders.test:81/v1',
      plugins: [{ name: 'key-auth' }],
      routes: [
        { name: 'read', paths: ['/orders'], methods: ['GET'] },
        { name: 'write', paths: ['/orders'], methods: ['POST'], headers: { 'x-kind': ['new'] } },
      ],
    },
  ],
  plugins: [{ name: 'correlation-id' }],
}

async function explain(gateway: TestGateway, body: unknown) {
  const response = await fetch(`${gateway.adminUrl}/explain/route`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

describe('POST /explain/route', () => {
  it('answers for the configuration that is served, and for the next one once it is', async () => {
    await using gateway = await startGateway(CONFIG)
    expect(await explain(gateway, { url: 'http://x.test/orders/7?a=1' })).toMatchObject({
      status: 200,
      body: {
        route: { name: 'read' },
        matched_path: '/orders',
        plan: {
          service: { name: 'orders' },
          plugins: [
            { name: 'correlation-id', scope: 'global' },
            { name: 'key-auth', scope: 'service' },
          ],
          upstream_uri: 'http://orders.test:81/v1/7?a=1',
        },
        others: [{ route: { name: 'write' }, failed: 'methods: GET is not one of POST' }],
      },
    })
    const written = { method: 'POST', url: '/orders', headers: { 'X-Kind': 'new' } }
    expect((await explain(gateway, written)).body['route']).toMatchObject({ name: 'write' })
    const loaded = await fetch(`${gateway.adminUrl}/config`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ _format_version: '3.0' }),
    })
    expect(loaded.status).toBe(201)
    expect((await explain(gateway, written)).body).toMatchObject({
      route: null,
      answer: { status: 404 },
    })
  })

  it('names what is wrong with a description, and is no address of Kong', async () => {
    await using gateway = await startGateway(CONFIG)
    expect(await explain(gateway, { headers: { a: 1 }, hots: 'x' })).toMatchObject({
      status: 400,
      body: {
        fields: {
          url: 'required field missing',
          hots: 'unknown field',
          headers: expect.anything(),
        },
      },
    })
    expect(await explain(gateway, { url: 'ftp://x' })).toEqual({
      status: 400,
      body: { message: '"ftp://x" is neither an http URL nor a path' },
    })
    const endpoints = await fetch(`${gateway.adminUrl}/endpoints`)
    expect(await endpoints.text()).not.toContain('explain')
  })
})
