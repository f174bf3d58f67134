import { readFileSync } from 'node:fs'
import { createPrivateKey } from 'node:crypto'
import { parseArgs } from 'node:util'
import { SignJWT } from 'jose'

/** Prints a token made from the command line, good or bad, to try what the gateway says to it. */
const { values } = parseArgs({
  options: {
    kid: { type: 'string' },
    secret: { type: 'string' },
    'private-key': { type: 'string' },
    alg: { type: 'string', default: 'HS256' },
    'expires-in': { type: 'string', default: '300' },
  },
})
if ((values.secret === undefined) === (values['private-key'] === undefined)) {
  console.error('Cannot make a token: give either --secret TEXT or --private-key FILE')
  process.exit(1)
}
const key =
  values['private-key'] === undefined
    ? new TextEncoder().encode(values.secret)
    : createPrivateKey(readFileSync(values['private-key']))
const expiresAt = Math.floor(Date.now() / 1000) + Number(values['expires-in'])

const token = await new SignJWT({ ...(values.kid !== undefined && { kid: values.kid }) })
  .setProtectedHeader({ alg: values.alg, typ: 'JWT' })
  .setExpirationTime(expiresAt)
  .sign(key)
console.log(token)
