import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import http from 'node:http'
import * as oauth from 'oauth4webapi'
import { describe, expect, it } from 'vitest'
import { serveIssuer, type ServedIssuer } from '../../../src/dev-issuer/serve-issuer.ts'

const CLIENT: oauth.Client = { client_id: 'shop' }
const REDIRECT_URI = 'http://127.0.0.1:4000/callback'
const INSECURE = { [oauth.allowInsecureRequests]: true }

async function start(): Promise<ServedIssuer & Disposable> {
  const issuer = await serveIssuer(0)
  return { ...issuer, [Symbol.dispose]: () => issuer.close() }
}

async function discover({ url }: ServedIssuer): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(url)
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, INSECURE))
}

const keysOf = ({ url }: ServedIssuer) => createRemoteJWKSet(new URL(`${url}/jwks`))

/** What a browser does: opens the page, fills it in, and is sent back. */
async function logIn(
  server: oauth.AuthorizationServer,
  parameters: Readonly<Record<string, string>>,
  fields: Readonly<Record<string, string>> = { username: 'ada' },
): Promise<URL> {
  const url = new URL(server.authorization_endpoint!)
  url.search = new URLSearchParams(parameters).toString()
  const page = await (await fetch(url)).text()
  const hidden = [...page.matchAll(/type="hidden" name="(.*?)" value="(.*?)"/g)].map(
    ([, name, value]): [string, string] => [name!, value!.replaceAll('&amp;', '&')],
  )
  const body = new URLSearchParams([...hidden, ...Object.entries(fields)])
  const sent = await fetch(server.authorization_endpoint!, {
    method: 'POST',
    body,
    redirect: 'manual',
  })
  return new URL(sent.headers.get('location')!)
}

function tokenOf(issuer: ServedIssuer, fields: Readonly<Record<string, string>>) {
  const body = new URLSearchParams(fields)
  return fetch(`${issuer.url}/token`, { method: 'POST', body }).then(
    async (answer) => [answer.status, (await answer.json()) as Record<string, string>] as const,
  )
}

describe('the development issuer', () => {
  it('logs in with a code and PKCE, as a strict client wants it', async () => {
    using issuer = await start()
    const server = await discover(issuer)
    const verifier = oauth.generateRandomCodeVerifier()
    const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()]
    const back = await logIn(
      server,
      {
        client_id: CLIENT.client_id,
        redirect_uri: REDIRECT_URI,
        response_type: 'code',
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      },
      { username: 'ada', scope: 'openid orders:write' },
    )
    expect(back.href).toContain(REDIRECT_URI)
    const answer = oauth.validateAuthResponse(server, CLIENT, back, state)
    const redeem = () =>
      oauth.authorizationCodeGrantRequest(
        server,
        CLIENT,
        oauth.None(),
        answer,
        REDIRECT_URI,
        verifier,
        INSECURE,
      )
    const tokens = await oauth.processAuthorizationCodeResponse(server, CLIENT, await redeem(), {
      expectedNonce: nonce,
      requireIdToken: true,
    })
    const who = await jwtVerify(tokens.id_token!, keysOf(issuer), {
      issuer: issuer.url,
      audience: 'shop',
    })
    expect(who.payload).toMatchObject({ sub: 'ada', preferred_username: 'ada', nonce })
    const { payload } = await jwtVerify(tokens.access_token, keysOf(issuer), {
      issuer: issuer.url,
      typ: 'at+jwt',
    })
    expect(payload).toMatchObject({ sub: 'ada', aud: 'shop', scope: 'openid orders:write' })

    expect((await redeem()).status).toBe(400)
    const told = await oauth.userInfoRequest(server, CLIENT, tokens.access_token, INSECURE)
    expect(await oauth.processUserInfoResponse(server, CLIENT, 'ada', told)).toMatchObject({
      sub: 'ada',
    })
    const again = await oauth.refreshTokenGrantRequest(
      server,
      CLIENT,
      oauth.None(),
      tokens.refresh_token!,
      INSECURE,
    )
    const renewed = await oauth.processRefreshTokenResponse(server, CLIENT, again)
    expect(decodeJwt(renewed.access_token)).toMatchObject({ sub: 'ada' })
    expect(renewed.refresh_token).not.toBe(tokens.refresh_token)
  })

  it.each([
    ['another client', { client_id: 'other' }],
    ['another address', { redirect_uri: 'http://127.0.0.1:4000/other' }],
    ['a guessed verifier', { code_verifier: 'guessed' }],
    ['a guessed code', { code: 'guessed' }],
  ])('gives no tokens for a code to %s', async (_, wrong) => {
    using issuer = await start()
    const server = await discover(issuer)
    const code_challenge = await oauth.calculatePKCECodeChallenge('right')
    const asked = {
      client_id: 'shop',
      redirect_uri: REDIRECT_URI,
      response_type: 'code',
      code_challenge,
      code_challenge_method: 'S256',
    }
    const code = async () => (await logIn(server, asked)).searchParams.get('code')!
    const fields = { grant_type: 'authorization_code', client_id: 'shop', code_verifier: 'right' }
    const right = { ...fields, redirect_uri: REDIRECT_URI, code: await code() }
    expect(await tokenOf(issuer, right)).toMatchObject([200, {}])
    const other = { ...right, code: await code(), ...wrong }
    expect(await tokenOf(issuer, other)).toMatchObject([400, { error: 'invalid_grant' }])
  })

  it('sends nobody to other machines', async () => {
    using issuer = await start()
    for (const redirect_uri of ['https://evil.example/', 'http://localhost.evil.example/', 'x'])
      for (const method of ['GET', 'POST']) {
        const fields = new URLSearchParams({ client_id: 'a', response_type: 'code', redirect_uri })
        const answer = await fetch(
          method === 'GET' ? `${issuer.url}/authorize?${fields}` : `${issuer.url}/authorize`,
          { method, redirect: 'manual', ...(method === 'POST' && { body: fields }) },
        )
        expect([answer.status, answer.headers.get('location')]).toEqual([400, null])
      }
  })

  it('gives a client a token with whatever claims it wants, but no other name', async () => {
    using issuer = await start()
    const [, { access_token: token = '' }] = await tokenOf(issuer, {
      grant_type: 'client_credentials',
      client_id: 'robot',
      audience: 'orders',
      scope: 'orders:read',
      claims: '{"roles":["clerk"],"iss":"https://elsewhere.example"}',
    })
    const { payload } = await jwtVerify(token, keysOf(issuer), { audience: 'orders' })
    expect(payload).toMatchObject({ sub: 'robot', roles: ['clerk'], iss: issuer.url })
    const refused = await tokenOf(issuer, {
      grant_type: 'client_credentials',
      client_id: 'robot',
      claims: '[]',
    })
    expect(refused).toMatchObject([400, { error_description: 'claims must be a JSON object' }])
  })

  it('has a page that shows a token', async () => {
    using issuer = await start()
    const page = await (await fetch(issuer.url)).text()
    expect(page).toContain('<form method="post" action="/">')
    const body = new URLSearchParams({ username: '<ada>', audience: 'api', scope: '' })
    const shown = await (await fetch(issuer.url, { method: 'POST', body })).text()
    const token = /<textarea[^>]*>(.*?)</.exec(shown)![1]!
    expect((await jwtVerify(token, keysOf(issuer))).payload).toMatchObject({
      sub: '<ada>',
      aud: 'api',
    })
  })

  it('shows what a client says as text', async () => {
    using issuer = await start()
    const asked = { client_id: '<b>"', redirect_uri: REDIRECT_URI, response_type: 'code' }
    const answer = await fetch(`${issuer.url}/authorize?${new URLSearchParams(asked)}`)
    const page = await answer.text()
    expect(page).toContain('&lt;b&gt;&quot;')
    expect(page).not.toContain('<b>')
    expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
  })

  it('publishes two keys after a rotation, and signs with the new one', async () => {
    using issuer = await start()
    const sign = async () =>
      (await tokenOf(issuer, { grant_type: 'client_credentials', client_id: 'a' }))[1][
        'access_token'
      ]!
    const before = await sign()
    await fetch(`${issuer.url}/rotate`, { method: 'POST' })
    const after = await sign()
    expect(decodeProtectedHeader(after).kid).not.toBe(decodeProtectedHeader(before).kid)
    await jwtVerify(before, keysOf(issuer))
    await jwtVerify(after, keysOf(issuer))
  })

  it('answers under names of this machine only, and lets only its pages read', async () => {
    using issuer = await start()
    const ask = (headers: http.OutgoingHttpHeaders) =>
      new Promise<http.IncomingMessage>((resolve, reject) => {
        http
          .get(`${issuer.url}/jwks`, { headers }, (response) => resolve(response.resume()))
          .on('error', reject)
      })
    expect((await ask({ host: 'rebound.example' })).statusCode).toBe(403)
    const origin = async (name: string) =>
      (await ask({ origin: name })).headers['access-control-allow-origin']
    expect(await origin('http://localhost:5173')).toBe('http://localhost:5173')
    expect(await origin('https://evil.example')).toBeUndefined()
  })
})
