import { execFile, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { freePort } from '../../support/free-port.ts'
import { workplace } from '../../support/run-portunus.ts'
import { until } from '../../support/until.ts'

const CONFIG = `_format_version: "3.0"
services:
- name: hello
  url: http://127.0.0.1:1
  routes:
  - name: api
    paths: [/api]
    plugins:
    - name: jwt
      config: {key_claim_name: kid, claims_to_verify: [exp]}
consumers:
- username: login_server_issuer
  jwt_secrets: [{key: login_server, secret: a-secret-of-more-than-32-characters}]
`

async function started() {
  const [proxy, admin] = [await freePort(), await freePort()]
  const place = workplace({
    KONG_DATABASE: 'off',
    KONG_PROXY_LISTEN: `127.0.0.1:${proxy}`,
    KONG_ADMIN_LISTEN: `127.0.0.1:${admin}`,
    KONG_STATUS_LISTEN: 'off',
    KONG_ADMIN_GUI_LISTEN: 'off',
    KONG_NGINX_WORKER_PROCESSES: '1',
    KONG_DECLARATIVE_CONFIG: 'kong.yml',
  })
  writeFileSync(path.join(place.folder, 'kong.yml'), CONFIG)
  const { code, stderr } = await place.run(['start'])
  if (code !== 0) throw new Error(stderr)
  const api = `http://127.0.0.1:${proxy}/api`
  /** Runs `portunus why` with a token on standard input. */
  const whyToken = (token: string, ...words: string[]) =>
    new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
      const program = path.resolve('bin/portunus')
      const child = execFile(
        process.execPath,
        [program, 'why', '--admin', `http://127.0.0.1:${admin}`, ...words],
        { timeout: 120_000 },
        (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
      )
      child.stdin!.end(token)
    })
  return { place, api, whyToken }
}

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')

describe('portunus why', () => {
  it('prints the ladder of a request, by its whole id or the beginning of it', async () => {
    const { place, api } = await started()
    await using _ = place
    const bad = `${encode({ alg: 'HS256' })}.${encode({ kid: 'login', exp: 4e9 })}.c2lnbmF0dXJl`
    const response = await fetch(api, { headers: { authorization: `Bearer ${bad}` } })
    const id = response.headers.get('x-kong-request-id')!
    const { code, stdout, stderr } = await place.run(['why', id])
    expect([code, stderr]).toEqual([0, ''])
    const lines = stdout.split('\n').map((line) => line.replaceAll(/\s{2,}/g, '  '))
    expect(lines).toEqual(
      expect.arrayContaining([
        '  token  Authorization: Bearer  ok',
        '  format  HS256, kid none  ok',
        '  key  claim kid = "login"  no credential with this key',
        '  nearest: "login_server" of consumer login_server_issuer',
        `  answer  401 {"message":"No credentials found for given 'kid'"}`,
        '  fix  sign with kid=login_server, or give the credential the key "login"',
      ]),
    )
    expect(stdout).not.toContain('c2lnbmF0dXJl')
    const short = await place.run(['why', `${id.slice(0, 4)}…`])
    expect(short.stdout).toBe(stdout)
    const json = await place.run(['why', id, '--json'])
    expect(JSON.parse(json.stdout)).toMatchObject({ id, code: 'credential-unknown' })
    const unknown = await place.run(['why', '0'.repeat(32)])
    expect(unknown.code).toBe(1)
    expect(unknown.stderr).toContain('nothing is known of request')
  })

  it('decides about a token on standard input, which is not taken from the command line', async () => {
    const { place, whyToken } = await started()
    await using _ = place
    const made = await place.run(['token', 'login_server_issuer'])
    const token = made.stdout.trim()
    const good = await whyToken(token)
    expect(good.code).toBe(0)
    expect(good.stdout).toContain('jwt on route api: accepted')
    const wrong = await whyToken(`${token.slice(0, -4)}AAAA`, '--route', 'api')
    expect(wrong.code).toBe(1)
    expect(wrong.stdout).toMatch(/signature\s+HS256\s+the key of credential "login_server" did not/)
    expect(wrong.stdout).toContain('401 {"message":"Invalid signature"}')
    const typed = await place.run(['why', token])
    expect(typed.code).toBe(1)
    expect(typed.stderr).toContain('standard input')
    expect(typed.stderr).not.toContain(token)
  })
})

describe('portunus dev', () => {
  it('prints the digits to ask with behind what was refused, and records what passes as well', async () => {
    const place = workplace()
    await using _ = place
    writeFileSync(path.join(place.folder, 'kong.yml'), CONFIG)
    const [proxy, admin] = [await freePort(), await freePort()]
    const gateway = spawn(process.execPath, [path.resolve('bin/portunus'), 'dev'], {
      cwd: place.folder,
      env: {
        ...process.env,
        KONG_PROXY_LISTEN: `127.0.0.1:${proxy}`,
        KONG_ADMIN_LISTEN: `127.0.0.1:${admin}`,
      },
    })
    using __ = { [Symbol.dispose]: () => void gateway.kill('SIGKILL') }
    let printed = ''
    let noted = ''
    gateway.stdout.on('data', (bytes: Buffer) => (printed += bytes.toString()))
    gateway.stderr.on('data', (bytes: Buffer) => (noted += bytes.toString()))
    await until(() => noted.includes('ready in'), 30_000)
    await fetch(`http://127.0.0.1:${proxy}/api`)
    await until(() => printed.includes('why: '))
    const [, digits = ''] = /401 .*jwt: no token.* why: ([0-9a-f]{4})…/.exec(printed) ?? []
    const where = ['--admin', `http://127.0.0.1:${admin}`]
    const { stdout } = await place.run(['why', `${digits}…`, ...where])
    expect(stdout).toMatch(/token +no token in header authorization/)
    const made = await place.run(['token', 'login_server_issuer', ...where])
    const headers = { authorization: `Bearer ${made.stdout.trim()}` }
    const { status, headers: answered } = await fetch(`http://127.0.0.1:${proxy}/api`, { headers })
    expect(status).toBe(502)
    const passed = await place.run(['why', answered.get('x-kong-request-id')!, ...where])
    expect(passed.stdout).toMatch(/consumer +authenticated as login_server_issuer +ok/)
    expect(passed.stdout).toMatch(/target +127\.0\.0\.1:1, tried \d times/)
  })
})
