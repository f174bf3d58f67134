import { createVerify, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Call, HttpCaller } from '../http-caller.ts'
import { googleToken } from './google-token.ts'

const NOW = Date.UTC(2026, 0, 1)
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ACCOUNT = JSON.stringify({
  client_email: 'gateway@project.test',
  private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
})

/** A caller that notes calls and answers each with the next of the replies. */
function fakeCaller(...replies: readonly (readonly [status: number, body: unknown])[]) {
  const calls: Call[] = []
  const caller: HttpCaller = {
    async call(call) {
      const [status, body] = replies[calls.length]!
      calls.push(call)
      return { status, headers: [], body: Buffer.from(JSON.stringify(body)) }
    },
    dispose: () => undefined,
  }
  return { calls, caller }
}

const token = (access_token: string, expires_in = 3600) =>
  [200, { access_token, expires_in }] as const

describe('googleToken()', () => {
  it('asks with a token of its own, signed by the account', async () => {
    const { calls, caller } = fakeCaller(token('t'))
    const options = { caller, account: ACCOUNT, metadataHost: undefined, now: () => NOW }
    expect(await googleToken(options)()).toBe('t')
    const [{ url, method, body } = {} as Call] = calls
    expect(`${method} ${url.href}`).toBe('POST https://oauth2.googleapis.com/token')
    const form = new URLSearchParams(String(body))
    expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer')
    const [header, claims, signature] = form.get('assertion')!.split('.')
    const read = (part: string | undefined): unknown =>
      JSON.parse(Buffer.from(part!, 'base64url').toString())
    expect(read(header)).toEqual({ alg: 'RS256', typ: 'JWT' })
    expect(read(claims)).toEqual({
      iss: 'gateway@project.test',
      scope: 'https://www.googleapis.com/auth/cloud-platform',
      aud: 'https://oauth2.googleapis.com/token',
      iat: NOW / 1000,
      exp: NOW / 1000 + 3600,
    })
    const verifier = createVerify('RSA-SHA256').update(`${header}.${claims}`)
    expect(verifier.verify(publicKey, signature!, 'base64url')).toBe(true)
  })

  it('keeps a token until shortly before its end, and asks once for many', async () => {
    const { calls, caller } = fakeCaller(token('one'), token('two'))
    let now = NOW
    const get = googleToken({ caller, account: ACCOUNT, metadataHost: undefined, now: () => now })
    expect(await Promise.all([get(), get()])).toEqual(['one', 'one'])
    now += 3_539_000
    expect(await get()).toBe('one')
    now += 2000
    expect(await get()).toBe('two')
    expect(calls).toHaveLength(2)
  })

  it('asks the machine where no account is given', async () => {
    const { calls, caller } = fakeCaller(token('of the machine'))
    const options = { caller, account: undefined, metadataHost: 'meta.test:81', now: () => NOW }
    expect(await googleToken(options)()).toBe('of the machine')
    expect(calls[0]).toMatchObject({ method: 'GET', headers: { 'Metadata-Flavor': 'Google' } })
    expect(calls[0]!.url.href).toBe(
      'http://meta.test:81/computeMetadata/v1/instance/service-accounts/default/token',
    )
  })

  it.each([
    ['{}', token('t'), 'The service account is no JSON with client_email and private_key'],
    ['hello', token('t'), 'The service account is no JSON with client_email and private_key'],
    [ACCOUNT, [403, {}] as const, 'oauth2.googleapis.com answered 403 to a call for a token'],
    [ACCOUNT, [200, {}] as const, 'Google gave no access token'],
  ])('fails with the account %.20s and the answer %j', async (account, reply, message) => {
    const { caller } = fakeCaller(reply)
    const options = { caller, account, metadataHost: undefined, now: () => NOW }
    await expect(googleToken(options)()).rejects.toThrow(message)
  })
})
