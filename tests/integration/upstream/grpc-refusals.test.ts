import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Entity } from '../../../src/entities/entity.ts'
import { parsedConfig } from '../../../src/plugin-kit/testing/test-plugin.ts'
import { acl } from '../../../src/plugins/acl/plugin.ts'
import { basicAuth } from '../../../src/plugins/basic-auth/plugin.ts'
import { hmacAuth } from '../../../src/plugins/hmac-auth/plugin.ts'
import { jwt } from '../../../src/plugins/jwt/plugin.ts'
import { keyAuth } from '../../../src/plugins/key-auth/plugin.ts'
import { ldapAuth } from '../../../src/plugins/ldap-auth/plugin.ts'
import { oauth2 } from '../../../src/plugins/oauth2/plugin.ts'
import {
  ECHO_SERVICE,
  startGrpcUpstream,
  type GrpcUpstream,
} from '../../support/start-grpc-upstream.ts'
import { plugin, route, service, startProxy } from '../../support/start-proxy.ts'

const PLUGINS = [acl, basicAuth, hmacAuth, jwt, keyAuth, ldapAuth, oauth2]

const LDAP = { ldap_host: '127.0.0.1', ldap_port: 1, base_dn: 'dc=x', attribute: 'uid' }

/** What plugins say to a call without credentials; those in Kong's error style only the kind. */
const REFUSALS = [
  ['jwt', {}, 'Unauthorized', 'Bearer'],
  ['key-auth', {}, 'Unauthenticated', 'Key'],
  ['key-auth', { realm: 'r' }, 'Unauthenticated', 'Key realm="r"'],
  ['basic-auth', {}, 'Unauthenticated', 'Basic realm="service"'],
  ['hmac-auth', {}, 'Unauthenticated', 'hmac'],
  ['ldap-auth', LDAP, 'Unauthenticated', 'LDAP'],
  ['oauth2', { enable_client_credentials: true }, 'Unauthenticated', 'Bearer'],
  ['acl', { allow: ['staff'] }, 'Unauthenticated', undefined],
] as const

let upstream: GrpcUpstream
let proxy: Awaited<ReturnType<typeof startProxy>>
let client: Client
const seen: Metadata[] = []

beforeAll(async () => {
  upstream = await startGrpcUpstream(ECHO_SERVICE, {
    unary(
      call: { readonly metadata: Metadata; readonly request: Buffer },
      done: (e: null, v: Buffer) => void,
    ) {
      seen.push(call.metadata)
      done(null, call.request)
    },
  })
  const bound = REFUSALS.map(([name, config], at): Entity => ({
    ...configured(name, config),
    id: `plugin-${at}`,
    route: { id: `route-${at}` },
  }))
  const consumer = { id: 'ann' }
  proxy = await startProxy({
    plugins: PLUGINS,
    entities: {
      consumers: [{ id: 'ann', username: 'ann', custom_id: null }],
      keyauth_credentials: [{ id: 'k', key: 'ann-key', consumer }],
      services: [service('echo', upstream.port, { protocol: 'grpc' })],
      routes: [
        ...REFUSALS.map((_, at) => routeOf(`route-${at}`, String(at))),
        routeOf('both', 'both'),
      ],
      plugins: [
        ...bound,
        { ...configured('key-auth', {}), id: 'both-key', route: { id: 'both' } },
        { ...configured('acl', { allow: ['staff'] }), id: 'both-acl', route: { id: 'both' } },
      ],
    },
    listen: { http2: true },
  })
  client = new Client(`127.0.0.1:${proxy.port}`, credentials.createInsecure())
})

/** With all its fields. */
function configured(name: string, config: object): Entity {
  const schema = PLUGINS.find((each) => each.name === name)!
  return plugin(name, parsedConfig(schema, { ...config }))
}

/** Calls of a route are told apart by a header, since their path is the method's. */
function routeOf(id: string, wanted: string): Entity {
  return route(id, 'echo', {
    protocols: ['grpc', 'grpcs'],
    strip_path: false,
    paths: ['/test.Echo/'],
    headers: { 'x-route': [wanted] },
  })
}

afterAll(async () => {
  client.close()
  await proxy[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

function call(wanted: string, headers: Readonly<Record<string, string>> = {}) {
  const metadata = new Metadata()
  for (const [name, value] of Object.entries({ 'x-route': wanted, ...headers }))
    metadata.set(name, value)
  const same = (bytes: Buffer): Buffer => bytes
  return new Promise<{ readonly error: ServiceError | null; readonly value: string | undefined }>(
    (resolve) =>
      client.makeUnaryRequest(
        '/test.Echo/Unary',
        same,
        same,
        Buffer.from('hi'),
        metadata,
        (error, value) => resolve({ error, value: value?.toString() }),
      ),
  )
}

describe('a gRPC call without credentials', () => {
  it.each(REFUSALS.map((refusal, at) => [...refusal, at] as const))(
    'is refused by %s with %j as a client of gRPC understands it',
    async (_name, _config, details, challenge, at) => {
      const { error } = await call(String(at))
      expect(error).toMatchObject({ code: status.UNAUTHENTICATED, details })
      expect(error!.metadata.get('content-type')).toEqual(['application/grpc'])
      expect(error!.metadata.get('www-authenticate')).toEqual(
        challenge === undefined ? [] : [challenge],
      )
    },
  )

  it('is refused with another status when it is known who calls, and passes with good ones', async () => {
    const { error } = await call('both', { apikey: 'ann-key' })
    expect(error).toMatchObject({ code: status.PERMISSION_DENIED, details: 'PermissionDenied' })
    const passed = await call('1', { apikey: 'ann-key', 'x-consumer-username': 'root' })
    expect(passed.value).toBe('hi')
    expect(seen.at(-1)!.get('x-consumer-username')).toEqual(['ann'])
  })
})
