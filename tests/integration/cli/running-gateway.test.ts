import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { freePort } from '../../support/free-port.ts'
import { workplace, type Workplace } from '../../support/run-portunus.ts'

const CONFIG = `_format_version: "3.0"
services:
- name: orders
  url: http://127.0.0.1:9
  routes:
  - name: read
    paths: [/read]
    plugins:
    - name: jwt
  - paths: [/unnamed]
upstreams:
- name: backends
  targets: [{target: "10.0.0.1:80"}]
consumers:
- username: ann
  jwt_secrets: [{key: k, secret: hush-hush}]
  keyauth_credentials: [{key: secret-key}]
  basicauth_credentials: [{username: ann, password: open-sesame}]
  acls: [{group: staff}]
`

const TOKEN = 'a-token-of-sixteen-letters'

/** A gateway that serves what is in `kong.yml`, or what its database holds. */
async function started(more: Readonly<Record<string, string>> = {}): Promise<Workplace> {
  const place = workplace({
    KONG_DATABASE: 'off',
    KONG_PROXY_LISTEN: 'off',
    KONG_ADMIN_LISTEN: `127.0.0.1:${await freePort()}`,
    KONG_ADMIN_TOKEN: TOKEN,
    KONG_STATUS_LISTEN: 'off',
    KONG_ADMIN_GUI_LISTEN: 'off',
    KONG_NGINX_WORKER_PROCESSES: '1',
    KONG_DECLARATIVE_CONFIG: path.join('kong.yml'),
    ...more,
  })
  write(place, CONFIG)
  const { code, stderr } = await place.run(['start'])
  if (code !== 0) throw new Error(stderr)
  return place
}

function write({ folder }: Workplace, text: string, name = 'kong.yml'): void {
  writeFileSync(path.join(folder, name), text)
}

describe('portunus diff', () => {
  it('finds nothing where the file is what is served, though much of it has no ids', async () => {
    await using place = await started()
    expect(await place.run(['diff', 'kong.yml'])).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  it('says in words what would be added, changed and removed, and no secret', async () => {
    await using place = await started()
    const changed = CONFIG.replace(
      '    - name: jwt',
      '    - {name: jwt, config: {claims_to_verify: [exp]}}',
    )
      .replace('url: http://127.0.0.1:9', 'url: https://orders.test/v2')
      .replace('hush-hush', 'another-one')
      .replace('secret-key', 'another-key')
      .replace('  - paths: [/unnamed]\n', '')
      .concat('- username: bob\n')
    write(place, changed, 'new.yml')
    const { code, stdout } = await place.run(['diff', 'new.yml'])
    expect(code).toBe(1)
    expect(stdout.replaceAll(/[\da-f-]{36}/g, '<id>').split('\n')).toEqual([
      'added    consumer "bob"',
      'changed  service "orders"',
      '  protocol: "http" → "https"',
      '  host: "127.0.0.1" → "orders.test"',
      '  port: 9 → 443',
      '  path: unset → "/v2"',
      'removed  route with paths /unnamed',
      'changed  plugin jwt on route "read"',
      '  config.claims_to_verify: unset → ["exp"]',
      'changed  jwt secret "k" of consumer "ann"',
      '  secret: ****** → ******',
      'removed  keyauth credential <id> of consumer "ann"',
      'added    keyauth credential <id> of consumer "ann"',
      '',
    ])
    const json = JSON.parse((await place.run(['diff', 'new.yml', '--json'])).stdout) as {
      readonly changes: readonly object[]
    }
    expect(json.changes[1]).toMatchObject({
      what: 'changed',
      entity: 'service "orders"',
      fields: [{ field: 'protocol', before: 'http', after: 'https' }, {}, {}, {}],
    })
  })

  it('ends with 2 when it cannot tell', async () => {
    await using place = workplace({ KONG_DATABASE: 'off' })
    write(place, 'services: []', 'bad.yml')
    const admin = `http://127.0.0.1:${await freePort()}`
    expect((await place.run(['diff', 'absent.yml', '--admin', admin])).code).toBe(2)
    const bad = await place.run(['diff', 'bad.yml', '--admin', admin])
    expect(bad.code).toBe(2)
    expect(bad.stderr).toContain('bad.yml:1:1: _format_version: required field missing')
    write(place, CONFIG)
    const { code, stderr } = await place.run(['diff', 'kong.yml', '--admin', admin])
    expect(code).toBe(2)
    expect(stderr).toContain(`could not reach the Admin API at ${admin}`)
  })
})

describe('portunus history and rollback', () => {
  it('tell what happened before a restart too, and undo it', async () => {
    await using place = await started({ KONG_DATABASE: 'sqlite' })
    await place.run(['config', 'db_import', 'kong.yml'])
    expect((await place.run(['stop'])).code).toBe(0)
    expect((await place.run(['start'])).code).toBe(0)
    write(
      place,
      `_format_version: "3.0"
consumers:
- username: ann
  basicauth_credentials: [{username: ann, password: closed}]
`,
    )
    await place.run(['config', 'db_import', 'kong.yml'])
    const { stdout } = await place.run(['history', '-n', '1'])
    const [head, ...lines] = stdout.split('\n')
    expect(head).toMatch(/^version 2 {2}\d{4}-\S+ {2}import .*kong\.yml$/)
    expect(lines).toContain('  changed  basicauth credential "ann" of consumer "ann"')
    expect(lines).toContain('    password: ****** → ******')
    expect((await place.run(['history', '1'])).stdout).toContain('added    service "orders"')
    const back = await place.run(['rollback', '1'])
    expect(back).toMatchObject({ code: 0, stderr: '' })
    expect(back.stdout).toContain('what version 1 was is in force again, as version 3')
    expect(await place.run(['rollback', '9'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no version 9'),
    })
  })
})

describe('portunus schema', () => {
  it('writes the JSON Schema of the plugins that are loaded', async () => {
    await using place = workplace({ KONG_PLUGINS: 'jwt' })
    const { stdout } = await place.run(['schema'])
    const schema = JSON.parse(stdout) as {
      readonly $schema: string
      readonly $defs: { readonly plugins: { readonly allOf: readonly object[] } }
    }
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema')
    expect(schema.$defs.plugins.allOf[0]).toEqual({ properties: { name: { enum: ['jwt'] } } })
  })
})
