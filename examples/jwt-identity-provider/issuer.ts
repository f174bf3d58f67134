import express from 'express'
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  SignJWT,
  type CryptoKey,
  type JWK,
} from 'jose'
import { createAccounts } from '../jwt-tutorial/accounts.ts'
import { readNameAndPassword } from '../jwt-tutorial/credentials.ts'
import { serve } from '../jwt-tutorial/serve.ts'

const PORT = Number(process.env['ISSUER_PORT'] ?? 3001)
const ISSUER = `http://localhost:${PORT}`
const LIFETIME_SECONDS = 300

interface SigningKey {
  readonly kid: string
  readonly privateKey: CryptoKey
  readonly publicJwk: JWK
}

/**
 * Stands in for the identity provider you have: it says where its keys are, publishes them, and signs
 * tokens with a private key that never leaves it. The gateway is told its name, and nothing else.
 */
const accounts = await createAccounts({ ada: 'analytical-engine', grace: 'harbour-of-bugs' })
const SCOPES: Readonly<Record<string, string>> = { ada: 'orders:read orders:write' }
let key = await makeKey()
const app = express()
app.use(express.json())

app.get('/.well-known/openid-configuration', (_request, response) => {
  response.json({ issuer: ISSUER, jwks_uri: `${ISSUER}/keys` })
})

app.get('/keys', (_request, response) => {
  response.json({ keys: [key.publicJwk] })
})

app.post('/login', async (request, response) => {
  const given = readNameAndPassword(request.body)
  if (given === undefined || !(await accounts.check(given.username, given.password))) {
    response.status(401).json({ message: 'Wrong user name or password' })
    return
  }
  const { username } = given
  const token = await new SignJWT({ scope: SCOPES[username] ?? 'orders:read' })
    .setProtectedHeader({ alg: 'ES256', kid: key.kid, typ: 'at+jwt' })
    .setIssuer(ISSUER)
    .setSubject(username)
    .setAudience('orders')
    .setIssuedAt()
    .setExpirationTime(`${LIFETIME_SECONDS}s`)
    .sign(key.privateKey)
  response.json({ token, expires_in: LIFETIME_SECONDS })
})

/** What providers do every few weeks. */
app.post('/rotate', async (_request, response) => {
  key = await makeKey()
  response.json({ kid: key.kid })
})

async function makeKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwk = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint(jwk)
  return { kid, privateKey, publicJwk: { ...jwk, kid, alg: 'ES256', use: 'sig' } }
}

serve(app, 'Issuer', PORT)
