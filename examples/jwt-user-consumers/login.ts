import { randomBytes } from 'node:crypto'
import express from 'express'
import { SignJWT } from 'jose'
import { createAccounts } from '../jwt-tutorial/accounts.ts'
import { readNameAndPassword } from '../jwt-tutorial/credentials.ts'
import { serve } from '../jwt-tutorial/serve.ts'
import { publish, type UserCredential } from './publish.ts'

const LIFETIME_SECONDS = 300

/** A login server whose users are the gateway's consumers, each with a key and a secret of its own. */
const accounts = await createAccounts({})
const credentials = new Map<string, UserCredential>()
const app = express()
app.use(express.json())

app.post('/users', async (request, response) => {
  const given = readNameAndPassword(request.body)
  if (given === undefined) {
    response.status(400).json({ message: 'Give a username and a password of 8 letters or more' })
    return
  }
  if (!(await accounts.add(given.username, given.password))) {
    response.status(409).json({ message: 'That name is taken' })
    return
  }
  credentials.set(given.username, {
    key: randomBytes(12).toString('base64url'),
    secret: randomBytes(32).toString('base64url'),
  })
  await publish(credentials)
  response.status(201).json({ username: given.username })
})

app.post('/login', async (request, response) => {
  const given = readNameAndPassword(request.body)
  const credential = given && credentials.get(given.username)
  const isRight = given !== undefined && (await accounts.check(given.username, given.password))
  if (credential === undefined || !isRight) {
    response.status(401).json({ message: 'Wrong user name or password' })
    return
  }
  const token = await new SignJWT({ kid: credential.key })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setExpirationTime(`${LIFETIME_SECONDS}s`)
    .sign(new TextEncoder().encode(credential.secret))
  response.json({ token, expires_in: LIFETIME_SECONDS })
})

/** An administrator's door: in earnest it would ask who calls. */
app.delete('/users/:username/credential', async (request, response) => {
  credentials.delete(request.params.username)
  await publish(credentials)
  response.status(204).end()
})

await publish(credentials)
serve(app, 'Login server', Number(process.env['LOGIN_PORT'] ?? 3001))
