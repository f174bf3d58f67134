import { randomBytes, randomUUID } from 'node:crypto'
import express from 'express'
import { SignJWT } from 'jose'
import { createAccounts } from '../jwt-tutorial/accounts.ts'
import { readNameAndPassword } from '../jwt-tutorial/credentials.ts'
import { serve } from '../jwt-tutorial/serve.ts'
import { openUserDatabase } from './user-database.ts'

const ADMIN_URL = process.env['ADMIN_URL'] ?? 'http://localhost:8001'
const LIFETIME_SECONDS = 300

/** A login server that keeps its users in a database, and tells the gateway nothing but goodbyes. */
const accounts = await createAccounts({})
const database = openUserDatabase()
// Passwords are in memory only, so users of an earlier run could not log in.
database.exec('delete from credentials; delete from users')
const addUser = database.prepare('insert into users (id, username, role) values (?, ?, ?)')
const addCredential = database.prepare('insert into credentials values (?, ?, ?)')
const credentialOf = database.prepare(
  'select key, secret from credentials join users on users.id = user_id where username = ?',
)
const deleteCredential = database.prepare('delete from credentials where key = ?')

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
  const id = randomUUID()
  const isFirst = accounts.names().length === 1
  addUser.run(id, given.username, isFirst ? 'editors' : null)
  addCredential.run(
    randomBytes(12).toString('base64url'),
    randomBytes(32).toString('base64url'),
    id,
  )
  response.status(201).json({ username: given.username })
})

app.post('/login', async (request, response) => {
  const given = readNameAndPassword(request.body)
  const isRight = given !== undefined && (await accounts.check(given.username, given.password))
  const credential = isRight ? credentialOf.get(given.username) : undefined
  if (credential === undefined) {
    response.status(401).json({ message: 'Wrong user name or password' })
    return
  }
  const token = await new SignJWT({ kid: credential['key'] })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setExpirationTime(`${LIFETIME_SECONDS}s`)
    .sign(new TextEncoder().encode(String(credential['secret'])))
  response.json({ token, expires_in: LIFETIME_SECONDS })
})

/** An administrator's door: in earnest it would ask who calls. */
app.delete('/users/:username/credential', async (request, response) => {
  const credential = credentialOf.get(request.params.username)
  if (credential !== undefined) {
    const key = String(credential['key'])
    deleteCredential.run(key)
    // The gateway may remember the key for a minute yet.
    const answer = await fetch(`${ADMIN_URL}/cache/jwt_secrets:${key}`, { method: 'DELETE' })
    if (!answer.ok) throw new Error(`The gateway does not forget: it answered ${answer.status}`)
  }
  response.status(204).end()
})

serve(app, 'Login server', Number(process.env['LOGIN_PORT'] ?? 3001))
