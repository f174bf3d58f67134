import { describe, expect, it } from 'vitest'
import {
  configFaults,
  parsedConfig,
  testContext,
  testGateway,
} from '../../plugin-kit/testing/test-plugin.ts'
import { completedConfig } from './completed-config.ts'
import { openidConnect } from './plugin.ts'
import { KONG_CONFIG } from './testing/kong-fields.ts'

const ISSUER = { issuer: 'https://login.example.com' }
const BEARER = { ...ISSUER, auth_methods: ['bearer'] }

describe('openid-connect › schema', () => {
  it.each([
    [{}, ['config.issuer: required field missing']],
    [ISSUER, []],
    [{ issuer: 'login.example.com' }, ['config.issuer: missing scheme in url']],
    [{ issuer: 'ftp://x.test' }, ['config.issuer: must be an http or https URL']],
    [{ ...ISSUER, verify_signature: false }, ['config.verify_signature: value must be true']],
    [{ ...ISSUER, response_type: ['token'] }, ['config.response_type.0: expected one of: code']],
    [
      { ...ISSUER, client_id: ['a'] },
      [
        "config: 'session_secret' is required for the method authorization_code of a client without 'client_secret'",
      ],
    ],
    [{ ...ISSUER, client_id: ['a'], session_secret: 's' }, []],
    [{ ...ISSUER, client_id: ['a'], client_secret: ['s'] }, []],
    [
      { ...ISSUER, auth_methods: ['authorization_code'] },
      ["config: 'client_id' is required for the method authorization_code"],
    ],
    [
      { ...BEARER, upstream_headers_claims: ['sub'] },
      ["config: 'upstream_headers_claims' and 'upstream_headers_names' must have as many entries"],
    ],
    [
      { ...BEARER, upstream_access_token_header: 'a b' },
      ["config.upstream_access_token_header: bad header name 'a b'"],
    ],
    [
      { ...BEARER, session_cookie_name: 'a;b' },
      ["config.session_cookie_name: bad cookie name 'a;b'"],
    ],
    [
      { ...BEARER, proof_of_possession_auth_methods_validation: false },
      ['config.proof_of_possession_auth_methods_validation: not supported'],
    ],
    [
      { ...BEARER, https_proxy: 'https://proxy.test' },
      ['config.https_proxy: must be an http URL: proxies are spoken to without TLS'],
    ],
    [
      { ...BEARER, no_proxy: 'https://a.test' },
      ["config.no_proxy: 'https://a.test' is no host, address or range; separate them by commas"],
    ],
    [
      { ...BEARER, cluster_cache_redis: { sentinel_master: 'one' } },
      [
        'config.cluster_cache_redis.sentinel_master: not supported: name one Redis, by host and port',
      ],
    ],
    [
      { ...BEARER, token_post_args_client: ['grant_type'], userinfo_headers_client: ['Host'] },
      [
        "config.token_post_args_client.0: 'grant_type' is an argument of the gateway itself",
        "config.userinfo_headers_client.0: 'Host' is a header of the gateway itself",
      ],
    ],
    [
      { ...BEARER, cache_ttl_min: 10, cache_ttl_max: 9 },
      ["config: 'cache_ttl_min' must not be greater than 'cache_ttl_max'"],
    ],
    [
      { ...BEARER, session_storage: 'memcached' },
      ['config.session_storage: expected one of: cookie, redis'],
    ],
    [
      { ...BEARER, session_redis_host: 'a.test', redis: { host: 'b.test' } },
      [
        'config.session_redis_host: both deprecated and new field are used but their values mismatch: session_redis_host = a.test vs redis.host = b.test',
      ],
    ],
  ])('has against %j: %j', (config, faults) => {
    expect(configFaults(openidConnect, config)).toEqual(faults)
  })

  it('has the defaults of Kong, but for what would be less safe', () => {
    expect(parsedConfig(openidConnect, ISSUER)).toMatchObject({
      scopes: ['openid'],
      upstream_access_token_header: 'authorization:bearer',
      consumer_by: ['custom_id', 'username'],
      login_action: 'upstream',
      logout_methods: ['POST', 'DELETE'],
      session_cookie_same_site: 'Lax',
      ssl_verify: true,
      authorization_cookie_same_site: 'Lax',
    })
  })

  it('knows the fields of the Redis with the sessions by their names of before', () => {
    const config = { ...BEARER, session_redis_host: 'a.test', session_redis_prefix: 'shop' }
    expect(parsedConfig(openidConnect, config)['redis']).toMatchObject({
      host: 'a.test',
      port: 6379,
      prefix: 'shop',
    })
  })

  it('takes a configuration that Kong has written out, and finds nothing without effect in it', () => {
    expect(configFaults(openidConnect, KONG_CONFIG)).toEqual([])
    const logged: string[] = []
    testGateway([[openidConnect, KONG_CONFIG]], { logged })
    expect(logged).toEqual([])
  })

  it('takes what is null in such a configuration for its default', async () => {
    const config = {
      ...KONG_CONFIG,
      auth_methods: ['refresh_token', 'bearer'],
      ...Object.fromEntries(
        ['client_arg', 'introspection_hint', 'login_tokens', 'rediscovery_lifetime'].map((name) => [
          name,
          null,
        ]),
      ),
    }
    const completed = completedConfig(parsedConfig(openidConnect, config))
    expect(completed).toMatchObject({
      client_arg: 'client_id',
      introspection_hint: 'access_token',
      login_tokens: [],
      rediscovery_lifetime: 30,
      refresh_token_param_name: 'refresh_token',
      redis: { host: '127.0.0.1', port: 6379, prefix: 'portunus:openid-connect:session' },
    })
    const { answer } = await testGateway([[openidConnect, config]]).send()
    expect(answer).toMatchObject({ status: 401 })
  })

  it('warns of fields that Kong has and that have no effect, unless they would have none there', () => {
    const logged: string[] = []
    const config = { ...BEARER, resolve_distributed_claims: true, session_hash_subject: false }
    testGateway([[openidConnect, config]], { logged })
    expect(logged).toEqual(['openid-connect: no effect have resolve_distributed_claims'])
  })

  it('warns of sessions that outlive the memory of their end', () => {
    const remembering = { ...BEARER, session_remember: true }
    const logged: string[] = []
    testGateway([[openidConnect, remembering]], { logged })
    expect(logged).toEqual([expect.stringContaining('session_remember')])
  })

  it('warns of a provider without TLS', () => {
    const logged: string[] = []
    testGateway([[openidConnect, { ...BEARER, issuer: 'http://x.test' }]], { logged })
    expect(logged).toEqual([expect.stringContaining('without TLS')])
  })
})

describe('openid-connect › answers', () => {
  it.each([
    [
      {},
      {
        message: 'Unauthorized',
        headers: { 'www-authenticate': ['Bearer realm="login.example.com"'] },
      },
    ],
    [{ unauthorized_error_message: 'No' }, { message: 'No' }],
    [{ display_errors: true }, { message: 'Unauthorized (no credentials)' }],
    [
      { unauthorized_redirect_uri: ['https://example.com/login'] },
      { status: 302, headers: { location: 'https://example.com/login' } },
    ],
  ])('without credentials, with %j: %j', async (config, answer) => {
    const gateway = testGateway([[openidConnect, { ...BEARER, ...config }]])
    expect((await gateway.send()).answer).toMatchObject(answer)
  })

  it('lets preflight requests through where it shall, without headers that only it may set', async () => {
    const config = { ...BEARER, run_on_preflight: false, upstream_id_token_header: 'X-ID' }
    const { answer, upstream } = await testGateway([[openidConnect, config]]).send({
      method: 'OPTIONS',
      headers: { 'X-ID': 'forged' },
    })
    expect([answer, upstream.header('x-id')]).toEqual([undefined, undefined])
  })

  it('takes away what clients send under names that only begin like that of credentials', async () => {
    const config = {
      ...BEARER,
      anonymous: 'ann',
      upstream_headers_claims: ['groups'],
      upstream_headers_names: ['Authorization-Groups'],
    }
    const { upstream } = await testGateway([[openidConnect, config]]).send({
      method: 'GET',
      headers: { 'Authorization-Groups': 'admin', Authorization: 'Basic YTpi' },
    })
    expect([upstream.header('authorization-groups'), upstream.header('authorization')]).toEqual([
      undefined,
      'Basic YTpi',
    ])
  })

  it('tells the recorder why', async () => {
    const gateway = testGateway([[openidConnect, BEARER]], { recordsDecisions: true })
    expect((await gateway.send()).exchange.noted).toMatchObject([
      { plugin: 'openid-connect', verdict: 'refused', code: 'credentials-missing' },
    ])
  })
})

describe('openid-connect › explanations', () => {
  it('tells what to do about a refusal', async () => {
    const gateway = testGateway([[openidConnect, BEARER]], { recordsDecisions: true })
    const [decision] = (await gateway.send()).exchange.noted
    expect(openidConnect.explain?.(decision!, testContext(openidConnect).entities)).toMatchObject({
      checks: [{ name: 'token', verdict: 'no credentials' }],
      fix: expect.stringContaining('Authorization: Bearer'),
    })
  })
})
