import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { createCatalog } from '../../../src/entities/create-catalog.ts'
import { BUNDLED_PLUGINS } from '../../../src/plugins/all-plugins.ts'
import { openSqliteStore } from '../../../src/store/sqlite-store.ts'
import { createAdminServer } from '../../../src/admin/create-admin-server.ts'
import { adminContextForTest } from '../../support/admin-context.ts'
import { adminClient } from './admin-client.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' }
const YAML_TYPE = { 'content-type': 'text/yaml' }
const MIB = 1024 * 1024

const nested = (open: string, close: string, depth: number) =>
  `${open.repeat(depth)}1${close.repeat(depth)}`
/** Each level stands for nine times the one before. */
const bomb = `_format_version: "3.0"\n${Array.from({ length: 9 }, (_, at) => {
  const inner = at === 0 ? 'x' : `*a${at - 1}`
  return `a${at}: &a${at} [${Array.from({ length: 9 }, () => inner).join(', ')}]`
}).join('\n')}`

afterEach(() => {
  expect(Object.keys(Object.prototype)).toEqual([])
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
})

describe('a hostile body', () => {
  const admin = adminClient()

  it.each<[string, object, string | Buffer, number, string]>([
    [
      'deep lists',
      JSON_TYPE,
      `{"name":${nested('[', ']', 100_000)}}`,
      400,
      'Cannot parse JSON body',
    ],
    ['deep objects', JSON_TYPE, nested('{"a":', '}', 100_000), 400, 'Cannot parse JSON body'],
    ['objects just not too deep', JSON_TYPE, nested('{"a":', '}', 400), 400, 'a: unknown field'],
    ['too many bytes', JSON_TYPE, 'a'.repeat(10 * MIB + 1), 413, ''],
    [
      'bytes that are no UTF-8',
      JSON_TYPE,
      Buffer.from([0x22, 0xff, 0x22]),
      400,
      'Cannot parse JSON',
    ],
    ['UTF-16', JSON_TYPE, Buffer.from('{"host":"h"}', 'utf16le'), 400, 'Cannot parse JSON body'],
    ['a byte order mark', JSON_TYPE, '\u{feff}{"host":"h"}', 400, 'Cannot parse JSON body'],
    ['a null character', JSON_TYPE, '{"host":"h","name":"a\\u0000b"}', 400, 'name: invalid value'],
    ['half a letter', JSON_TYPE, '{"host":"h","tags":["\\ud800"]}', 400, 'tags.1: invalid tag'],
    [
      'a number without bounds',
      JSON_TYPE,
      '{"host":"h","port":1e999}',
      400,
      'port: expected an integer',
    ],
    [
      '__proto__',
      JSON_TYPE,
      '{"host":"h","__proto__":{"polluted":1}}',
      400,
      '__proto__: unknown field',
    ],
    [
      'constructor',
      JSON_TYPE,
      '{"host":"h","constructor":{"prototype":{"polluted":1}}}',
      400,
      'constructor: unknown field',
    ],
    [
      '__proto__ in a form',
      FORM_TYPE,
      'host=h&__proto__.polluted=1',
      400,
      '__proto__: unknown field',
    ],
    [
      '__proto__ in brackets',
      FORM_TYPE,
      'host=h&__proto__[polluted]=1',
      400,
      '__proto__: unknown field',
    ],
    [
      'constructor in a form',
      FORM_TYPE,
      'host=h&constructor.prototype.polluted=1',
      400,
      'constructor: unknown field',
    ],
    ['deep names', FORM_TYPE, `host=h&a${'[b]'.repeat(50_000)}=1`, 400, 'unknown field'],
    ['open brackets', FORM_TYPE, `host=h&a${'['.repeat(50_000)}=1`, 400, 'unknown field'],
    ['too many arguments', FORM_TYPE, 'a=1&'.repeat(1001), 400, 'Too many arguments'],
    [
      'parts without a boundary',
      { 'content-type': 'multipart/form-data' },
      'x',
      400,
      'Cannot parse multipart',
    ],
    [
      'parts that do not end',
      { 'content-type': 'multipart/form-data; boundary=x' },
      '--x\r\nfoo',
      400,
      'Cannot parse multipart',
    ],
    [
      'SQL',
      JSON_TYPE,
      `{"host":"h","name":"x'; DROP TABLE portunus_entities;--"}`,
      400,
      'name: invalid value',
    ],
  ])('is refused: %s', async (_what, headers, body, status, text) => {
    const answer = await admin.send('POST', '/services', headers, body)
    expect(answer.status).toBe(status)
    expect(JSON.stringify(answer.body)).toContain(text)
    expect(admin.context.store.count('services')).toBe(0)
  })

  it('is refused in the config of a plugin', async () => {
    const config = '{"name":"jwt","config":{"__proto__":{"polluted":1}}}'
    const answer = await admin.send('POST', '/plugins', JSON_TYPE, config)
    expect(answer).toMatchObject({
      status: 400,
      body: { message: 'schema violation (config.__proto__: unknown field)' },
    })
  })
})

describe('a hostile head', () => {
  it.each([
    [20 * 1024, 200, '{"data":[]'],
    [40 * 1024, 400, 'Request Header Or Cookie Too Large'],
  ])('is refused when it is too long: %i bytes', async (length, status, text) => {
    const server = createAdminServer(adminContextForTest())
    const port = await server.listen({ host: '127.0.0.1', port: 0 })
    const response = await fetch(`http://127.0.0.1:${port}/services`, {
      headers: { 'x-long': 'a'.repeat(length) },
    })
    expect(response.status).toBe(status)
    expect(await response.text()).toContain(text)
    await server.close()
  })
})

describe('a hostile configuration', () => {
  const admin = adminClient({ isDbLess: true })

  it.each<[string, string | Buffer, string]>([
    ['aliases that multiply', bomb, 'aliases stand for too many values'],
    ['an alias of itself', '_format_version: "3.0"\na: &a [*a]', "anchor 'a' holds itself"],
    ['deep lists', `a: ${nested('[', ']', 100_000)}`, 'nested too deeply'],
    [
      'deep lines',
      Array.from({ length: 3000 }, (_, at) => `${' '.repeat(at)}a:`).join('\n'),
      'nested too deeply',
    ],
    [
      'UTF-16',
      Buffer.from('_format_version: "3.0"', 'utf16le'),
      'control characters are not allowed',
    ],
    [
      '__proto__',
      '_format_version: "3.0"\n__proto__: {polluted: 1}\nservices: [{host: h, __proto__: {polluted: 1}}]',
      '__proto__',
    ],
  ])('is refused: %s', async (_what, body, text) => {
    const answer = await admin.send('POST', '/config', YAML_TYPE, body)
    expect(answer.status).toBe(400)
    expect(JSON.stringify(answer.body)).toContain(text)
  })

  it('is refused as a text in JSON', async () => {
    const answer = await admin.call('POST', '/config', { config: nested('{"a":', '}', 100_000) })
    expect(answer.status).toBe(400)
    expect(JSON.stringify(answer.body)).toContain('nested too deeply')
  })
})

describe('hostile texts with a database', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-hostile-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it.each([
    "x'; DROP TABLE portunus_entities;--",
    '" OR 1=1 --',
    'a\u{0}b',
    '\u{d800}',
    '__proto__',
    'constructor',
    '../../etc/passwd',
    '%00%2e%2e',
    '{vault://env/HOME}',
    'a'.repeat(100_000),
  ])('are nothing but texts: %j', async (username) => {
    const catalog = createCatalog(BUNDLED_PLUGINS, { flavor: 'traditional_compatible' })
    const file = path.join(folder, `${crypto.randomUUID()}.db`)
    const admin = adminClient({ catalog, store: await openSqliteStore(catalog, { file }) })
    await admin.call('PUT', '/consumers/other', {})
    const made = await admin.call('POST', '/consumers', { username })
    expect(made).toMatchObject({ status: 201, body: { username } })
    const again = await openSqliteStore(catalog, { file })
    expect(again.getBy('consumers', 'username', username)).toMatchObject({ username })
    expect(again.count('consumers')).toBe(2)
    await Promise.all([again.close(), admin.context.store.close()])
  })

  it.each([
    ["/services?tags=x'%20OR%20'1'='1", 200],
    [`/services?offset=${Buffer.from('["x\' OR 1=1"]').toString('base64')}`, 200],
    [`/services?offset=${Buffer.from('[{"a":1}]').toString('base64')}`, 400],
    [`/services?size=${'9'.repeat(400)}`, 400],
    [`/services/${'a/'.repeat(5000)}`, 404],
    [`/services?${'a=1&'.repeat(1001)}`, 400],
    ["/consumers/x'%20OR%20'1'='1", 404],
    ['/__proto__', 404],
    ['/schemas/__proto__', 404],
    ['/schemas/plugins/constructor', 404],
    ['/tags/%00', 400],
    ['/consumers/%ff', 400],
    ['/nope/%ff', 404],
  ])('are nothing but texts in a URL: %s', async (url, status) => {
    const admin = adminClient()
    await admin.call('PUT', '/services/one', { host: 'h' })
    const answer = await admin.call('GET', url)
    expect(answer.status).toBe(status)
    if (status === 200) expect((answer.body as { data: unknown[] }).data.length).toBeLessThan(2)
  })
})
