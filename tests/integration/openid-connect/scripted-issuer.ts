import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose'
import { startUpstream, type TestUpstream } from '../../support/start-upstream.ts'

/** An issuer that does what a real one never would. */
export interface ScriptedIssuer extends AsyncDisposable {
  readonly url: string
  /** Puts a new key in the place of all others. */
  rotate(): Promise<void>
  /** Answers nothing but 503 from now on. */
  isDown: boolean
  /** What the token endpoint gives out next. */
  idToken: string
  /** What was asked, in order. */
  readonly requests: readonly string[]
  sign(
    claims: object,
    more?: { readonly key?: CryptoKey | Uint8Array; readonly header?: object },
  ): Promise<string>
  /** The public key, as PEM or JWK anybody could use it. */
  publicJwk(): JWK
}

export async function startScriptedIssuer(): Promise<ScriptedIssuer> {
  let serial = 0
  let key: CryptoKey
  let jwk: JWK = {}
  const state = { isDown: false, idToken: '' }

  async function rotate(): Promise<void> {
    const pair = await generateKeyPair('RS256', { extractable: true })
    key = pair.privateKey
    jwk = { ...(await exportJWK(pair.publicKey)), kid: `key-${(serial += 1)}`, alg: 'RS256' }
  }

  await rotate()
  const server: TestUpstream = await startUpstream((request, response) => {
    const answers: Record<string, () => object> = {
      '/.well-known/openid-configuration': () => ({
        issuer: server.url,
        authorization_endpoint: `${server.url}/authorize`,
        token_endpoint: `${server.url}/token`,
        jwks_uri: `${server.url}/keys`,
      }),
      '/keys': () => ({ keys: [jwk] }),
      '/token': () => ({ access_token: 'at', token_type: 'Bearer', id_token: state.idToken }),
    }
    const answer = state.isDown ? undefined : answers[request.url ?? '']
    response.writeHead(answer === undefined ? 503 : 200, { 'content-type': 'application/json' })
    response.end(answer === undefined ? '' : JSON.stringify(answer()))
  })

  return Object.assign(state, {
    url: server.url,
    requests: server.requests,
    rotate,
    publicJwk: () => jwk,
    sign: (
      claims: object,
      more: { readonly key?: CryptoKey | Uint8Array; readonly header?: object } = {},
    ) =>
      new SignJWT({ sub: 'ann', ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: jwk.kid!, ...more.header })
        .sign(more.key ?? key),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  })
}
