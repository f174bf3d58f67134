import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose'
import { startUpstream, type TestUpstream } from '../../support/start-upstream.ts'

export interface Grant {
  readonly authorization: string | undefined
  readonly fields: Readonly<Record<string, string>>
}

/** An issuer that does what a real one never would. */
export interface ScriptedIssuer extends AsyncDisposable {
  readonly url: string
  /** Puts a new key in the place of all others. */
  rotate(): Promise<void>
  /** Answers nothing but 503 from now on. */
  isDown: boolean
  /** What the token endpoint gives out next. */
  idToken: string
  /** What is said of every token that is looked up. */
  introspection: object
  /** What the key set is answered with instead of the keys. */
  keysText: string | undefined
  /** What was asked, in order. */
  readonly requests: readonly string[]
  /** What the token endpoint got, in order. */
  readonly grants: readonly Grant[]
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
  const state = {
    isDown: false,
    idToken: '',
    introspection: { active: true, sub: 'ann' } as object,
    keysText: undefined as string | undefined,
  }
  const grants: Grant[] = []

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
        introspection_endpoint: `${server.url}/introspect`,
        jwks_uri: `${server.url}/keys`,
      }),
      '/keys': () => ({ keys: [jwk] }),
      '/introspect': () => state.introspection,
      '/token': () => ({
        access_token: `at-${grants.length}`,
        token_type: 'Bearer',
        ...(state.idToken !== '' && { id_token: state.idToken }),
      }),
    }
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (request.url === '/token')
        grants.push({
          authorization: request.headers.authorization,
          fields: Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString())),
        })
      const answer = state.isDown ? undefined : answers[request.url ?? '']
      response.writeHead(answer === undefined ? 503 : 200, { 'content-type': 'application/json' })
      const isScripted = request.url === '/keys' && state.keysText !== undefined
      if (isScripted) response.end(state.keysText)
      else response.end(answer === undefined ? '' : JSON.stringify(answer()))
    })
  })

  return Object.assign(state, {
    url: server.url,
    requests: server.requests,
    grants,
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
