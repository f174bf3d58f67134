import { expect } from 'vitest'
import type { TestGateway } from '../../support/start-gateway.ts'
import type { TestUpstream } from '../../support/start-upstream.ts'

/** Enough new connections for each of two workers to have had one. */
const ASKED = 8

/** Settings under which the endpoints of oauth2 may be asked without TLS. */
export const BEHIND_TLS = { trusted_ips: '127.0.0.1', nginx_worker_processes: '2' }
const TLS = { 'x-forwarded-proto': 'https' }

export const CLIENT = { client_id: 'app', client_secret: 'app-secret' }
export const PROVISION_KEY = 'provision'

/** Asks the Admin API. */
export async function admin(
  gateway: TestGateway,
  method: string,
  path: string,
  body?: object,
): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
  const response = await fetch(gateway.adminUrl + path, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) }
}

async function put(gateway: TestGateway, path: string, body: object): Promise<void> {
  const answer = await admin(gateway, 'PUT', path, body)
  expect([path, answer.status, answer.body]).toEqual([path, 200, expect.anything()])
}

/** A service with oauth2, and one with sessions for whoever brings an API key. */
export async function configure(gateway: TestGateway, upstream: TestUpstream): Promise<void> {
  for (const name of ['tokens', 'sessions']) {
    await put(gateway, `/services/${name}`, { url: upstream.url })
    await put(gateway, `/routes/${name}`, { paths: [`/${name}`], service: { name } })
  }
  await put(gateway, '/consumers/ann', {})
  await put(gateway, '/consumers/guest', {})
  await put(gateway, '/consumers/ann/oauth2/app', {
    name: 'app',
    client_secret: 'app-secret',
    redirect_uris: ['https://app.test/back'],
  })
  await put(gateway, '/consumers/ann/key-auth/ann-key', {})
  const plugins: readonly (readonly [string, string, object])[] = [
    [
      'oauth2',
      'tokens',
      {
        provision_key: PROVISION_KEY,
        enable_authorization_code: true,
        enable_client_credentials: true,
        enable_password_grant: true,
        accept_http_if_already_terminated: true,
      },
    ],
    ['session', 'sessions', { storage: 'kong', secret: 'a secret', store_metadata: true }],
    ['key-auth', 'sessions', { anonymous: 'guest' }],
  ]
  for (const [name, route, config] of plugins) {
    const answer = await admin(gateway, 'POST', `/routes/${route}/plugins`, { name, config })
    expect([name, answer.status]).toEqual([name, 201])
  }
}

/** Asks one of the endpoints of oauth2. */
export async function ask(
  gateway: TestGateway,
  endpoint: 'authorize' | 'token',
  fields: Readonly<Record<string, string>>,
) {
  const response = await fetch(`${gateway.url}/tokens/oauth2/${endpoint}`, {
    method: 'POST',
    headers: { ...TLS, connection: 'close' },
    body: new URLSearchParams(fields),
  })
  return { status: response.status, body: (await response.json()) as Record<string, string> }
}

export async function newToken(gateway: TestGateway): Promise<Record<string, string>> {
  const { status, body } = await ask(gateway, 'token', {
    ...CLIENT,
    grant_type: 'password',
    provision_key: PROVISION_KEY,
    authenticated_userid: 'user-1',
  })
  expect([status, body]).toEqual([200, expect.anything()])
  return body
}

export async function newCode(gateway: TestGateway): Promise<string> {
  const { body } = await ask(gateway, 'authorize', {
    client_id: 'app',
    response_type: 'code',
    provision_key: PROVISION_KEY,
    authenticated_userid: 'user-1',
  })
  return new URL(body['redirect_uri']!).searchParams.get('code')!
}

export const exchange = (gateway: TestGateway, code: string) =>
  ask(gateway, 'token', { ...CLIENT, grant_type: 'authorization_code', code })

/** What all workers answer to a token. */
export function statusesWithToken(gateway: TestGateway, token: string | undefined) {
  return statuses(`${gateway.url}/tokens`, { authorization: `Bearer ${token}` })
}

/** The cookie of a new session. */
export async function logIn(gateway: TestGateway): Promise<string> {
  const response = await fetch(`${gateway.url}/sessions`, { headers: { apikey: 'ann-key' } })
  await response.text()
  return response.headers.getSetCookie()[0]!.split(';')[0]!
}

export async function logOut(gateway: TestGateway, cookie: string): Promise<void> {
  const response = await fetch(`${gateway.url}/sessions?session_logout`, {
    method: 'DELETE',
    headers: { cookie },
  })
  expect(response.status).toBe(200)
}

/** Who a cookie is taken for by all workers, as the upstream hears it. */
export async function usersWith(gateway: TestGateway, cookie: string) {
  const texts = await Promise.all(
    Array.from({ length: ASKED }, async () => {
      const headers = { cookie, connection: 'close' }
      return (await fetch(`${gateway.url}/sessions`, { headers })).text()
    }),
  )
  return [...new Set(texts)]
}

async function statuses(url: string, headers: Readonly<Record<string, string>>) {
  const answers = await Promise.all(
    Array.from({ length: ASKED }, async () => {
      const answer = await fetch(url, { headers: { ...headers, connection: 'close' } })
      await answer.text()
      return answer.status
    }),
  )
  return [...new Set(answers)]
}
