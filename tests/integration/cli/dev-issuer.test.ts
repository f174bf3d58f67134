import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { freePort } from '../../support/free-port.ts'
import { workplace, type Workplace } from '../../support/run-portunus.ts'
import { startUpstream } from '../../support/start-upstream.ts'

async function placeWithPorts() {
  const port = await freePort()
  const place = workplace({
    KONG_PROXY_LISTEN: `127.0.0.1:${port}`,
    KONG_ADMIN_LISTEN: `127.0.0.1:${await freePort()}`,
  })
  return { place, url: `http://127.0.0.1:${port}` }
}

/** Waits until a gateway in the foreground refuses a request for want of a token. */
async function serving(address: string): Promise<void> {
  const status = () =>
    fetch(address).then(
      (answer) => answer.status,
      () => 'nobody answers',
    )
  await expect.poll(status, { timeout: 20_000 }).toBe(401)
}

async function statusWithToken(address: string, issuer: string): Promise<number> {
  const fields = { grant_type: 'client_credentials', client_id: 'ada', audience: 'api' }
  const body = new URLSearchParams(fields)
  const answer = await fetch(`${issuer}/token`, { method: 'POST', body })
  const { access_token: token } = (await answer.json()) as { readonly access_token: string }
  return (await fetch(address, { headers: { authorization: `Bearer ${token}` } })).status
}

const configOf = ({ folder }: Workplace) => path.join(folder, 'kong.yml')

describe('portunus demo', () => {
  it('has an issuer whose tokens pass, for as long as it runs', async () => {
    const { place, url } = await placeWithPorts()
    await using _ = place
    const demo = place.run(['demo'])
    await serving(`${url}/sso`)
    const issuer = /issuer: (http:\S+)/.exec(readFileSync(configOf(place), 'utf8'))![1]!
    expect(await statusWithToken(`${url}/sso`, issuer)).toBe(200)
    expect(await statusWithToken(`${url}/api`, issuer)).toBe(401)
    await place.run(['stop'])
    const { code, stdout, stderr } = await demo
    expect([code, stdout + stderr]).toEqual([0, expect.stringContaining(`${issuer}/token`)])
    await expect(fetch(issuer)).rejects.toThrow('fetch failed')
  })
})

describe('portunus dev --issuer', () => {
  const config = (issuer: string, upstream: string) => `_format_version: "3.0"
services:
- url: ${upstream}
  routes: [{paths: [/]}]
  plugins:
  - name: jwt
    config:
      issuers:
      - {issuer: "${issuer}", audiences: [api], allow_http: true, allow_private_addresses: true}
`

  it('runs an issuer beside the gateway, under the port that is asked for', async () => {
    await using upstream = await startUpstream()
    const { place, url } = await placeWithPorts()
    await using _ = place
    const port = await freePort()
    const issuer = `http://localhost:${port}`
    writeFileSync(configOf(place), config(issuer, upstream.url))
    const dev = place.run(['dev', '--issuer', '--issuer-port', String(port)])
    await serving(url)
    expect(await statusWithToken(url, issuer)).toBe(200)
    await place.run(['stop'])
    expect((await dev).stderr + (await dev).stdout).toContain(`Issuer   ${issuer}`)
  })

  it('prints a command that gets a token which the configuration takes', async () => {
    await using upstream = await startUpstream()
    const { place, url } = await placeWithPorts()
    await using _ = place
    const port = await freePort()
    const demanding = config(`http://localhost:${port}`, upstream.url).replace('[api]', '[orders]')
    writeFileSync(
      configOf(place),
      `${demanding}      scopes_required: ["orders:read", "orders:write"]\n`,
    )
    const dev = place.run(['dev', '--issuer', '--issuer-port', String(port)])
    await serving(url)
    await place.run(['stop'])
    expect((await dev).stderr + (await dev).stdout).toContain(
      `-d audience=orders -d 'scope=orders:read orders:write'`,
    )
  })

  it('says who has its port', async () => {
    await using upstream = await startUpstream()
    const { place } = await placeWithPorts()
    await using _ = place
    writeFileSync(configOf(place), '_format_version: "3.0"\n')
    const { code, stderr } = await place.run(['dev', `--issuer-port=${upstream.port}`])
    expect(code).toBe(1)
    expect(stderr).toContain(`port ${upstream.port} of the development issuer is taken by`)
    expect(stderr).toContain('--issuer-port names another one')
  })
})
