import { spawnSync } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { X509Certificate } from 'node:crypto'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { workplace } from '../../support/run-portunus.ts'

const MORE = '\n\n  Run with --v (verbose) or --vv (debug) for more details\n'

/** Runs a command at a terminal. @returns what is shown there */
function asPerson(word: string): string {
  const program = fileURLToPath(new URL('../../../bin/portunus', import.meta.url))
  const command = `'${process.execPath}' '${program}' ${word}`
  return spawnSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8' }).stdout
}

describe('portunus', () => {
  it.each([
    [[], ''],
    [['--help'], 'No such command: --help\n\n'],
    [['strat'], 'No such command: strat\n\n'],
  ])('says which commands there are: %j', async (words, before) => {
    await using place = workplace()
    const { code, stdout, stderr } = await place.run(words)
    expect([code, stdout]).toEqual([1, ''])
    const usage = 'Usage: portunus COMMAND [OPTIONS]\n\nThe available commands are:\n check\n'
    expect(stderr.slice(0, before.length + usage.length)).toBe(before + usage)
  })

  it.skipIf(spawnSync('script', ['--version']).error !== undefined)(
    'guesses what a person meant',
    () => {
      expect(asPerson('strat')).toMatch(
        /^No such command: strat \(did you mean start\?\)\r\n\r\nUsage: /,
      )
      for (const word of ['--help', 'help'])
        expect(asPerson(word)).toMatch(/^Usage: portunus COMMAND \[OPTIONS\]\r\n/)
      expect(asPerson('help stop')).toMatch(/^Usage: portunus stop \[OPTIONS\]\r\n/)
    },
  )

  it('says what is wrong with options in the words of Kong', async () => {
    await using place = workplace()
    for (const [words, fault] of [
      [['stop', '--nope'], 'unrecognized parameter: nope'],
      [['stop', '-p'], 'prefix was expecting a value'],
      [['quit', '-t', 'soon'], 'unable to convert to number: soon'],
    ] as const) {
      const { code, stderr } = await place.run(words)
      expect(code).toBe(1)
      expect(stderr).toContain(`portunus: ${fault}\n\nUsage: portunus ${words[0]} [OPTIONS]\n`)
    }
  })

  it('says what it does with --v, and what it was asked for as it is', async () => {
    await using place = workplace()
    expect((await place.run(['version', '--v'])).stdout).toMatch(
      /^[\d/]+ [\d:]+ \[verbose\] Kong: 3\.9\.3\n3\.9\.3\n$/,
    )
  })

  it('restarts nothing in a prefix that never was one, and writes into no folder that is not there', async () => {
    await using place = workplace()
    expect(await place.run(['restart', '-p', 'nowhere'])).toEqual({
      code: 1,
      stdout: '',
      stderr: `Error: no file at: nowhere/.kong_env${MORE}`,
    })
    const { code, stderr } = await place.run(['config', 'init', 'nowhere/kong.yml'])
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^Error: Cannot write .*: No such file or directory/),
    ])
  })

  it('prints its version', async () => {
    await using place = workplace()
    expect(await place.run(['version'])).toEqual({ code: 0, stdout: '3.9.3\n', stderr: '' })
    expect((await place.run(['version', '-a'])).stdout).toMatch(/^Kong: 3\.9\.3\nportunus: /)
  })

  it('writes a certificate for clustering once', async () => {
    await using place = workplace()
    const certificate = path.join(place.folder, 'cluster.crt')
    const key = path.join(place.folder, 'cluster.key')
    expect(await place.run(['hybrid', 'gen_cert', '-d', '10'])).toEqual({
      code: 0,
      stdout: `Successfully generated certificate/key pairs, they have been written to: '${certificate}' and '${key}'.\n`,
      stderr: '',
    })
    const { subject, publicKey } = new X509Certificate(readFileSync(certificate))
    expect(subject).toBe('CN=kong_clustering')
    expect(publicKey.asymmetricKeyDetails?.namedCurve).toBe('secp384r1')
    expect(statSync(key).mode & 0o777).toBe(0o600)
    expect(await place.run(['hybrid', 'gen_cert'])).toEqual({
      code: 1,
      stdout: '',
      stderr: `Error: ${certificate} already exists.\nWill not overwrite it.${MORE}`,
    })
  })

  it('finds secrets', async () => {
    await using place = workplace({ MY_SECRET: 'hello' })
    expect((await place.run(['vault', 'get', 'env/my-secret'])).stdout).toBe('hello\n')
    expect((await place.run(['vault', 'get', '{vault://env/my-secret}'])).stdout).toBe('hello\n')
    for (const [given, why] of [
      [[], "the 'get' command needs a <reference> argument \nportunus vault get <reference>"],
      [['env/absent'], 'could not get value from external vault (no value found)'],
      [['none/foo'], 'could not find vault (none)'],
      [['env'], 'reference url is missing path [{vault://env}]'],
      [['env/'], 'reference url has empty path [{vault://env/}]'],
    ] as const)
      expect(await place.run(['vault', 'get', ...given])).toMatchObject({
        code: 1,
        stdout: '',
        stderr: `Error: ${why}${MORE}`,
      })
    writeFileSync(path.join(place.folder, 'db'), 'from a file\n')
    writeFileSync(path.join(place.folder, 'db.json'), '{"password": "member"}')
    writeFileSync(path.join(place.folder, 'my.conf'), 'pg_password = {vault://file/db}\n')
    const files = { KONG_VAULT_FILE_FOLDER: place.folder }
    expect((await place.run(['vault', 'get', 'file/db'], files)).stdout).toBe('from a file\n')
    expect((await place.run(['vault', 'get', 'file/db.json/password'], files)).stdout).toBe(
      'member\n',
    )
    expect((await place.run(['vault', 'get', 'file/..%2Fetc%2Fpasswd'], files)).code).toBe(1)
    expect((await place.run(['check', 'my.conf'], files)).code).toBe(0)
    expect((await place.run(['check', 'my.conf'])).stderr).toContain(
      "failed to dereference '{vault://file/db}': unable to load value (db) from vault (file): not found in /run/secrets for config option 'pg_password'",
    )
  })

  it.each([
    ['bootstrap', 'Database already bootstrapped\n'],
    ['up', 'Database is already up-to-date\n'],
    ['finish', 'No pending migrations to finish\n'],
  ])('has nothing to migrate without a database: %s', async (subcommand, stdout) => {
    await using place = workplace({ KONG_DATABASE: 'off' })
    const ended = await place.run(['migrations', subcommand])
    expect(ended).toEqual({ code: 0, stdout, stderr: '' })
  })

  it('warns about settings nobody knows, and goes on', async () => {
    await using place = workplace()
    writeFileSync(path.join(place.folder, 'my.conf'), 'database = off\nproxy_lisen = off\n')
    const { code, stdout, stderr } = await place.run(['check', 'my.conf'])
    expect([code, stdout]).toEqual([0, 'configuration at my.conf is valid\n'])
    expect(stderr).toContain(
      "my.conf:2: unknown property 'proxy_lisen' (did you mean 'proxy_listen'?)",
    )
  })

  it('says which settings of Kong have no effect here, and why', async () => {
    await using place = workplace()
    const conf = 'database = off\nmem_cache_size = 5m\nlog_level = info\nwasm = on\n'
    writeFileSync(path.join(place.folder, 'my.conf'), conf)
    const { code, stdout, stderr } = await place.run(['check', 'my.conf'])
    expect([code, stdout]).toEqual([0, 'configuration at my.conf is valid\n'])
    expect(stderr.split('\n')).toEqual([
      'my.conf:2: mem_cache_size is ignored: all entities are in memory; there is no cache to size',
      'my.conf:4: wasm is ignored: WebAssembly filters are not supported',
      '',
    ])
    const json = JSON.parse((await place.run(['check', 'my.conf', '--json'])).stdout) as object
    expect(json).toMatchObject({
      valid: true,
      problems: [],
      ignored: [{ name: 'mem_cache_size', origin: 'my.conf:2' }, { name: 'wasm' }],
    })
  })

  it('says what is most likely not meant in a declarative file, and where', async () => {
    await using place = workplace({ KONG_DATABASE: 'off' })
    writeFileSync(
      path.join(place.folder, 'kong.yml'),
      `_format_version: "3.0"
services:
- name: orders
  url: http://localhost:3000
  routes:
  - {name: open, paths: [/open]}
  - name: endless
    paths: [/endless]
    plugins:
    - name: jwt
- {name: idle, url: http://localhost:1}
consumers:
- username: ann
  jwt_secrets:
  - {key: k, secret: short}
`,
    )
    const { code, stderr } = await place.run(['check', 'kong.yml'])
    expect(code).toBe(0)
    expect(stderr.split('\n')).toEqual([
      'kong.yml:6:5  route "open" has no authentication: open to everyone (open-route)',
      '    add a plugin such as jwt or key-auth to it or to its service',
      'kong.yml:10:7  jwt on "endless" does not check exp: its tokens never expire (jwt-without-exp)',
      '    set config.claims_to_verify to [exp]',
      'kong.yml:11:3  service "idle" has no route: nothing reaches it (unused-service)',
      '    add a route to it, or remove it',
      'kong.yml:15:5  the secret of jwt key "k" is shorter than 32 bytes: it can be guessed from a token (weak-secret)',
      '    make a new one: openssl rand -base64 48',
      '',
    ])
    const allowed = 'open-route,jwt-without-exp,unused-service'
    expect((await place.run(['check', 'kong.yml', '--allow', allowed, '--strict'])).code).toBe(1)
    const all = `${allowed},weak-secret`
    expect(await place.run(['check', 'kong.yml', '--allow', all, '--strict'])).toEqual({
      code: 0,
      stdout: 'configuration at kong.yml is valid\n',
      stderr: '',
    })
    expect((await place.run(['check', 'kong.yml', '--allow', 'nonsense'])).stderr).toContain(
      'no such rule: nonsense; there are open-route,',
    )
    const { stdout } = await place.run(['check', 'kong.yml', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({
      file: 'kong.yml',
      valid: true,
      faults: [],
      warnings: [
        { code: 'open-route', line: 6, column: 5, kind: 'routes', fix: expect.any(String) },
        {},
        {},
        {},
      ],
    })
    writeFileSync(
      path.join(place.folder, 'bad.yml'),
      '_format_version: "3.0"\nroutes: [{pats: [/]}]\n',
    )
    const bad = await place.run(['check', 'bad.yml', '--json'])
    expect(bad.code).toBe(1)
    expect(JSON.parse(bad.stdout)).toMatchObject({
      valid: false,
      faults: [{}, { line: 2, column: 11, message: 'unknown field', hint: 'did you mean paths?' }],
    })
  })
})
