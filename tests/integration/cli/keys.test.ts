import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { freePort } from '../../support/free-port.ts'
import { workplace } from '../../support/run-portunus.ts'

const SECRET = 'a-secret-of-more-than-32-characters'
const CONFIG = `_format_version: "3.0"
services:
- name: hello
  url: http://127.0.0.1:1
  routes:
  - name: api
    paths: [/api]
    plugins:
    - name: jwt
      config: {claims_to_verify: [exp], secret_is_base64: true}
consumers:
- username: ann
  jwt_secrets: [{key: anns-key, secret: ${Buffer.from(SECRET).toString('base64url')}}]
- username: bob
  jwt_secrets: [{key: bobs-key, secret: ${SECRET}}]
  keyauth_credentials: [{key: bobs-secret-api-key}]
- username: dan
  basicauth_credentials: [{username: dans-name, password: dans-first-password}]
- username: eve
`

async function started() {
  const proxy = await freePort()
  const place = workplace({
    KONG_DATABASE: 'off',
    KONG_PROXY_LISTEN: `127.0.0.1:${proxy}`,
    KONG_ADMIN_LISTEN: `127.0.0.1:${await freePort()}`,
    KONG_STATUS_LISTEN: 'off',
    KONG_ADMIN_GUI_LISTEN: 'off',
    KONG_NGINX_WORKER_PROCESSES: '1',
    KONG_DECLARATIVE_CONFIG: 'kong.yml',
    KONG_DECLARATIVE_CONFIG_WRITABLE: 'on',
  })
  writeFileSync(path.join(place.folder, 'kong.yml'), CONFIG)
  const { code, stderr } = await place.run(['start'])
  if (code !== 0) throw new Error(stderr)
  const status = async (token: string) => {
    const headers = { authorization: `Bearer ${token.trim()}` }
    // The upstream is not there: 502 is what passes.
    return (await fetch(`http://127.0.0.1:${proxy}/api`, { headers })).status
  }
  return { place, status }
}

function squeezed(text: string): readonly string[] {
  return text.split('\n').map((line) => line.trim().replaceAll(/\s{2,}/g, ' | '))
}

describe('portunus keys', () => {
  it('lists credentials with algorithm, age and last use, and rotates with an overlap', async () => {
    const { place, status } = await started()
    await using _ = place
    const old = await place.run(['token', 'ann'])
    expect(await status(old.stdout)).toBe(502)
    const listed = await place.run(['keys', 'list', 'ann'])
    expect(squeezed(listed.stdout)[1]).toMatch(
      /^ann \| jwt_secrets \| anns-key \| HS256 \| \d+ \w+ \| \d+ s ago$/,
    )
    const rotated = await place.run(['keys', 'rotate', 'ann', '--overlap', '30m', '--key', 'next'])
    expect(rotated.code).toBe(0)
    expect(squeezed(rotated.stdout)[0]).toBe('key | next')
    expect(rotated.stdout).toMatch(/secret {2}\S{20,}/)
    expect(rotated.stderr).toMatch(/the old one, anns-key: ends in \d+ min/)
    const after = await place.run(['keys', 'list', 'ann'])
    expect(after.stdout).toMatch(/anns-key.*ends in \d+ min/)
    expect(after.stdout).not.toContain(/secret {2}(\S+)/.exec(rotated.stdout)![1])
    expect(readFileSync(path.join(place.folder, 'kong.yml'), 'utf8')).toContain('retires_at')
    expect(await status(old.stdout)).toBe(502)
    const newest = await place.run(['token', 'ann'])
    expect(
      JSON.parse(Buffer.from(newest.stdout.split('.')[1]!, 'base64url').toString()),
    ).toMatchObject({ iss: 'next' })
    expect((await place.run(['keys', 'retire', 'anns-key'])).code).toBe(0)
    expect(await status(old.stdout)).toBe(401)
  })

  it('gives a name a new password, shows both of them, and ends the one before', async () => {
    const { place } = await started()
    await using _ = place
    const rotated = await place.run(['keys', 'rotate', 'dan', '--overlap', '30m'])
    expect(squeezed(rotated.stdout)).toEqual([
      'username | dans-name',
      expect.stringMatching(/^password \| \w{32}$/),
      '',
    ])
    expect(rotated.stderr).toMatch(/the old one, dans-name: ends in \d+ min/)
    const listed = squeezed((await place.run(['keys', 'list', 'dan'])).stdout)
    expect(listed.slice(1)).toEqual([
      expect.stringMatching(/^dan \| basicauth_credentials \| dans-name \| \d+ \w+ \| none$/),
      expect.stringMatching(/ dans-name, before \| none \| ends in \d+ min$/),
      '',
    ])
    const unclear = await place.run(['keys', 'retire', 'dans-name'])
    expect([unclear.code, unclear.stderr]).toEqual([
      1,
      expect.stringContaining('"previous" or "all"'),
    ])
    expect((await place.run(['keys', 'retire', 'dans-name', '--previous'])).stderr).toContain(
      'the secret of before of dans-name has ended',
    )
    expect((await place.run(['keys', 'list', 'dan'])).stdout).not.toContain('before')
    expect((await place.run(['keys', 'retire', 'dans-name', '--all', '--previous'])).code).toBe(1)
    expect((await place.run(['keys', 'retire', 'dans-name', '--all'])).code).toBe(0)
    expect((await place.run(['keys', 'list', 'dan'])).stderr).toContain('there are no credentials')
  })

  it('asks which one is meant, and takes a public key from a file', async () => {
    const { place } = await started()
    await using _ = place
    const several = await place.run(['keys', 'rotate', 'bob'])
    expect(several.code).toBe(1)
    expect(several.stderr).toContain('bobs-key')
    expect(several.stderr).not.toContain('bobs-secret-api-key')
    expect((await place.run(['keys', 'rotate', 'eve'])).stderr).toContain(
      'no credential that can be',
    )
    expect((await place.run(['keys', 'rotate', 'nobody'])).stderr).toContain(
      'no credential "nobody"',
    )
    expect((await place.run(['keys', 'list', 'nobody'])).stderr).toContain('no consumer "nobody"')
    expect((await place.run(['keys', 'rotate', 'bobs-key', '--overlap', 'soon'])).stderr).toContain(
      '--overlap must be a time such as',
    )
    const bobs = JSON.parse((await place.run(['keys', 'list', 'bob', '--json'])).stdout)
    const [{ id }] = bobs.filter(({ kind }: { kind: string }) => kind === 'keyauth_credentials')
    expect((await place.run(['keys', 'rotate', id, '--overlap', '1d'])).code).toBe(0)
    const written = readFileSync(path.join(place.folder, 'kong.yml'), 'utf8')
    // Whoever starts with this file lets the old key go at the same time.
    expect(written).toMatch(/key: bobs-secret-api-key[^\n]*retires_at: \d{10}/)
    const { publicKey } = generateKeyPairSync('ed25519')
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    writeFileSync(path.join(place.folder, 'next.pem'), pem)
    const made = await place.run([
      'keys',
      'rotate',
      'bobs-key',
      '--public-key',
      'next.pem',
      '--json',
    ])
    expect(JSON.parse(made.stdout)).toMatchObject({ credential: { rsa_public_key: pem } })
  })
})

describe('portunus token', () => {
  it('takes claims one by one and as JSON, a lifetime and a key; prints the token alone', async () => {
    const { place, status } = await started()
    await using _ = place
    const words = [
      'token',
      'ann',
      '--exp',
      '90s',
      '--claim',
      'role=admin',
      '--claim',
      '{"level":7}',
    ]
    const { stdout, stderr } = await place.run([...words, '--key', 'anns-key'])
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
    expect(stderr).toBe('')
    const claims = JSON.parse(Buffer.from(stdout.split('.')[1]!, 'base64url').toString())
    expect(claims).toMatchObject({ iss: 'anns-key', role: 'admin', level: 7 })
    expect(claims.exp - claims.iat).toBe(90)
    expect(await status(stdout)).toBe(502)
    expect((await place.run(['token', 'ann', '--claim', '[1]'])).code).toBe(1)
    expect((await place.run(['token', 'ann', '--key', 'none'])).stderr).toContain('"none"')
    expect((await place.run(['token', 'eve'])).stderr).toContain('no jwt credential')
  })
})

describe('portunus logs', () => {
  it('lists what was refused, by status, with why and the digits to ask with', async () => {
    const { place, status } = await started()
    await using _ = place
    await status('no.token.at-all')
    await status((await place.run(['token', 'ann'])).stdout)
    const { stdout } = await place.run(['logs', '--status', '401'])
    const [line = '', ...more] = squeezed(stdout).filter((text) => text !== '')
    expect(more).toEqual([])
    expect(line).toMatch(/ \| 127\.0\.0\.1 \| GET \/api \| 401 \| [0-9a-f]{8} \| jwt: bad token/)
    const digits = /[0-9a-f]{8}(?= \|)/.exec(line.replace(/^\S+/, ''))![0]
    expect((await place.run(['why', digits])).stdout).toContain('401')
    const all = await place.run(['logs', '--json'])
    expect(JSON.parse(all.stdout)).toMatchObject([{ status: 401 }, { status: 502 }])
    expect((await place.run(['logs', '--status', 'bad'])).stderr).toContain('such as 401')
  })
})
