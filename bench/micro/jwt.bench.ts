/** What the steps of verifying a token cost that was never seen before. */
import { createHmac, createSecretKey } from 'node:crypto'
import { ALGORITHMS, isSignedBy } from '../../src/plugin-kit/jose/algorithms.ts'
import { decodeToken, type DecodedToken } from '../../src/plugin-kit/jose/decode-token.ts'
import { verifiedTokens, type VerifiedToken } from '../../src/plugins/jwt/verified-tokens.ts'
import { cost } from './cost.ts'

const TOKENS = 20_000
const secret = 'a secret of the usual length, 32 b'
const key = createSecretKey(Buffer.from(secret))
const algorithm = ALGORITHMS.get('HS256')!

const tokens = Array.from({ length: TOKENS }, (_, index) => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const header = part({ alg: 'HS256', typ: 'JWT', kid: 'bench-hs256' })
  const payload = part({
    iss: 'https://login.example.org/',
    sub: `user-${index}`,
    aud: 'https://api.example.org',
    iat: 1_795_000_000,
    exp: 1_895_000_000,
    scope: 'read write',
  })
  const signed = `${header}.${payload}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
})

let turn = 0
/** As a request brings it: cut from its head. */
const next = (): string => heads[(turn = (turn + 1) % TOKENS)]!.slice(7)
const heads = tokens.map((token) => Buffer.from(`Bearer ${token}`).latin1Slice())
const decoded = decodeToken(tokens[0]!) as DecodedToken
const good = { from: 0, until: Infinity, identity: {}, key: undefined, headers: [] }
const once = verifiedTokens()
const often = verifiedTokens()
for (const token of tokens.slice(0, 1000))
  for (let count = 0; count < 2; count += 1) often.remember(token, good as unknown as VerifiedToken)

cost('cut it from its header', next)
cost('look for it, and note that it came', () => {
  const token = next()
  const found = once.find(token, 1_800_000_000)
  once.remember(token, good as unknown as VerifiedToken)
  return found
})
cost('find one of a thousand that are known', () => {
  turn %= 1000
  return often.find(next(), 1_800_000_000)
})
cost('take it apart', () => decodeToken(next()))
cost('check its HS256 signature', () => isSignedBy(algorithm, key, decoded))
