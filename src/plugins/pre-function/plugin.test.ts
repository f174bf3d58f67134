import { describe, expect, it } from 'vitest'
import type { FakeRequest } from '../../plugin-kit/testing/fake-exchange.ts'
import {
  configFaults,
  testGateway,
  testPlugin,
  type TestSetting,
} from '../../plugin-kit/testing/test-plugin.ts'
import { requestTermination } from '../request-termination/plugin.ts'
import { preFunction } from './plugin.ts'

const access = (code: string, request: FakeRequest = {}, more: TestSetting = {}) =>
  testPlugin(preFunction, { access: [code] }, { request, ...more })

describe('pre-function › access', () => {
  it.each([
    [
      'kong.service.request.set_header("X-A", kong.request.get_header("host"))',
      'x-a',
      'gateway.test',
    ],
    ['kong.service.request.add_header("X-A", "1")', 'x-a', '1'],
    ['kong.service.request.set_headers({["X-A"] = {"1", "2"}})', 'x-a', '1'],
    [
      'local n = 0 for i = 1, 10 do n = n + i end kong.service.request.set_header("x-a", n)',
      'x-a',
      '55',
    ],
    [
      'kong.service.request.set_header("X-B", "2") kong.service.request.set_header("x-a", kong.request.get_header("x_b") .. kong.request.get_headers()["x-b"])',
      'x-a',
      '22',
    ],
    [
      'kong.service.request.set_raw_query("q=7") kong.service.request.set_header("x-a", kong.request.get_query_arg("q") .. ngx.var.arg_q .. kong.request.get_query().q)',
      'x-a',
      '777',
    ],
    ['kong.service.request.set_header("x-a", kong.client.get_ip())', 'x-a', '127.0.0.1'],
  ])('runs %s', async (code, name, value) => {
    expect((await access(code)).upstream.header(name)).toBe(value)
  })

  it('changes method, path, query and body', async () => {
    const { upstream } = await access(
      `
      kong.service.request.set_method("put")
      kong.service.request.set_path("/new")
      kong.service.request.set_query({ b = {1, 2}, a = true })
      kong.service.request.set_body({ k = {1} })
      kong.service.request.clear_header("x-gone")
    `,
      { headers: { 'X-Gone': '1' } },
    )
    expect([
      upstream.method,
      upstream.path,
      upstream.rawQuery,
      upstream.body,
      upstream.header('x-gone'),
    ]).toEqual(['PUT', '/new', 'a&b=1&b=2', '{"k":[1]}', undefined])
  })

  it('reads the body where code asks for it', async () => {
    const request = {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"who":"ann"}',
    }
    const code =
      'local body = kong.request.get_body() kong.service.request.set_header("x-who", body.who)'
    expect((await access(code, request)).upstream.header('x-who')).toBe('ann')
    const raw = 'kong.service.request.set_header("x-length", #kong.request.get_raw_body())'
    expect((await access(raw, request)).upstream.header('x-length')).toBe('13')
    expect((await access(raw)).upstream.header('x-length')).toBe('0')
  })

  it('answers, and what follows does not run', async () => {
    const config = {
      access: [
        'if kong.request.get_path() == "/a" then kong.response.exit(403, { message = "no" }, { ["X-A"] = "1" }) end',
        'pcall(function() kong.response.exit(418, "teapot") end) kong.service.request.set_header("x-ran", 1)',
      ],
    }
    const first = await testPlugin(preFunction, config, { request: { path: '/a' } })
    expect(first.answer).toMatchObject({
      kind: 'exit',
      status: 403,
      body: '{"message":"no"}',
      headers: { 'x-a': '1' },
    })
    const second = await testPlugin(preFunction, config)
    expect(second.answer).toMatchObject({ kind: 'exit', status: 418, body: 'teapot' })
    expect(second.upstream.header('x-ran')).toBeUndefined()
    const refusal = await access('kong.response.error(429, "slow")')
    expect(refusal.answer).toMatchObject({ kind: 'error', status: 429, message: 'slow' })
  })

  it('fails the request when code does, or goes on for ever', async () => {
    await expect(access('error("mine")')).rejects.toThrow('mine')
    await expect(access('while true do end')).rejects.toThrow('limit')
    await expect(access('kong.response.exit(99)')).rejects.toThrow('code must be a number')
  })

  it('runs nothing where Lua is switched off', async () => {
    await expect(access('return 1', {}, { settings: { untrusted_lua: 'off' } })).rejects.toThrow(
      'switched off',
    )
  })

  it('keeps what a returned function closes over, from request to request', async () => {
    const code =
      'local n = 0 return function() n = n + 1 kong.service.request.set_header("x-n", n .. kong.request.get_path()) end'
    const gateway = testGateway([[preFunction, { access: [code] }]])
    const seen = [await gateway.send({ path: '/a' }), await gateway.send({ path: '/b' })]
    expect(seen.map(({ upstream }) => upstream.header('x-n'))).toEqual(['1/a', '2/b'])
  })

  it('shares values between phases and plugins', async () => {
    const config = {
      access: ['kong.ctx.plugin.a = "mine" kong.ctx.shared.b = { c = "ours" }'],
      header_filter: [
        'kong.response.set_header("x-seen", kong.ctx.plugin.a .. kong.ctx.shared.b.c)',
      ],
    }
    const { response, exchange } = await testPlugin(preFunction, config)
    expect(response.header('x-seen')).toBe('mineours')
    expect(exchange.shared.get('b')).toEqual({ c: 'ours' })
  })
})

describe('pre-function › response', () => {
  const reply = { status: 200, headers: { 'Content-Length': '10' }, body: ['hello', 'world'] }

  it('changes headers and status, also of another plugin’s answer', async () => {
    const code =
      'kong.response.set_header("x-source", kong.response.get_source()) kong.response.set_status(202)'
    const gateway = testGateway([
      [preFunction, { header_filter: [code] }],
      [requestTermination, {}],
    ])
    const { response } = await gateway.send()
    expect([response.status, response.header('x-source')]).toEqual([202, 'exit'])
  })

  it('replaces the whole body at its end', async () => {
    const code =
      'local body = kong.response.get_raw_body() if body then kong.response.set_raw_body(body:upper()) end'
    const { body, response } = await testPlugin(
      preFunction,
      { body_filter: [code] },
      { request: { reply } },
    )
    expect([body, response.hasLostLength]).toEqual(['HELLOWORLD', true])
  })

  it('changes chunks', async () => {
    const code =
      'ngx.arg[1] = ngx.arg[1]:upper() if ngx.arg[2] then ngx.arg[1] = ngx.arg[1] .. "!" end'
    const { body } = await testPlugin(preFunction, { body_filter: [code] }, { request: { reply } })
    expect(body).toBe('HELLOWORLD!')
  })

  it('leaves the body alone when code only looks', async () => {
    const code = 'local _ = kong.response.get_raw_body()'
    const { body, response } = await testPlugin(
      preFunction,
      { body_filter: [code] },
      { request: { reply } },
    )
    expect([body, response.hasLostLength]).toEqual(['helloworld', false])
  })

  it('logs what it is told to, and code that fails does no harm', async () => {
    const logged: string[] = []
    const config = {
      header_filter: ['error("x")'],
      log: [
        'kong.log.set_serialize_value("mine", kong.response.get_status()) kong.log.err("seen")',
      ],
    }
    const { exchange, response } = await testPlugin(preFunction, config, {
      request: { reply },
      logged,
    })
    expect([response.status, exchange.logValues.get('mine')]).toEqual([200, 200])
    expect(logged).toEqual(['pre-function: code for header_filter failed', 'seen'])
  })
})

describe('pre-function › rewrite', () => {
  it('runs before a route is known', async () => {
    const { handlers } = testGateway([[preFunction, { rewrite: ['kong.response.exit(403)'] }]])
    const exchange = (await testPlugin(preFunction, { log: ['return 1'] })).exchange
    expect(await handlers[0]?.rewrite?.(exchange)).toMatchObject({ status: 403 })
    expect(Object.keys(handlers[0] ?? {})).toEqual(['rewrite'])
  })
})

describe('pre-function › schema', () => {
  it.each([
    [
      {},
      "at least one of these fields must be non-empty: 'config.certificate', 'config.rewrite', 'config.access', 'config.header_filter', 'config.body_filter', 'config.log'",
    ],
    [
      { access: ['return +'] },
      `config.access.0: error parsing pre-function: [string "return +"]:1: unexpected symbol near '+'`,
    ],
  ])('refuses %j', (config, fault) => {
    expect(configFaults(preFunction, config)).toEqual([fault])
  })
})
