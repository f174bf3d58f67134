import express from 'express'
import { SignJWT } from 'jose'
import { createAccounts } from './accounts.ts'
import { readNameAndPassword } from './credentials.ts'
import { serve } from './serve.ts'

const ADMIN_URL = process.env['ADMIN_URL'] ?? 'http://localhost:8001'
const ISSUER = 'login_server_issuer'
const LIFETIME_SECONDS = 300

interface JwtCredential {
  readonly key: string
  readonly secret: string
}

/** Checks a password and hands out a token that the gateway accepts for the next minutes. */
const accounts = await createAccounts({ ada: 'analytical-engine' })
const app = express()
app.use(express.json())

app.post('/login', async (request, response) => {
  const given = readNameAndPassword(request.body)
  if (given === undefined || !(await accounts.check(given.username, given.password))) {
    response.status(401).json({ message: 'Wrong user name or password' })
    return
  }
  const { key, secret } = await issuerCredential()
  const token = await new SignJWT({ kid: key, sub: given.username })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setExpirationTime(`${LIFETIME_SECONDS}s`)
    .sign(new TextEncoder().encode(secret))
  response.json({ token, expires_in: LIFETIME_SECONDS })
})

/** Read for every login: the gateway makes up a new key each time it loads its configuration. */
async function issuerCredential(): Promise<JwtCredential> {
  const answer = await fetch(`${ADMIN_URL}/consumers/${ISSUER}/jwt`)
  if (!answer.ok)
    throw new Error(`Cannot read the key of ${ISSUER}: the gateway answered ${answer.status}`)
  const { data } = (await answer.json()) as { readonly data: readonly JwtCredential[] }
  if (data[0] === undefined)
    throw new Error(`Cannot sign a token: ${ISSUER} has no jwt_secrets entry in kong.yml`)
  return data[0]
}

serve(app, 'Login server', Number(process.env['LOGIN_PORT'] ?? 3001))
