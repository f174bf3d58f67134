import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { startGateway } from '../../support/start-gateway.ts'
import { workplace } from '../../support/run-portunus.ts'

const CONFIG = `
_format_version: '3.0'
services:
- name: orders
  url: http://orders.test:81/v1
  routes:
  - {name: read, paths: ['~/orders/(?<id>[0-9]+)'], methods: [GET]}
  - {name: write, paths: [/orders], headers: {x-kind: [new]}}
  - {name: everything, paths: [/]}
  plugins:
  - {name: key-auth}
plugins:
- {name: correlation-id}
`

const EXPLAINED = `GET http://shop.test/orders/42?a=b
  route     read  by /orders/42  id=42
  service   orders
  plugins   correlation-id  global
            key-auth        service
  upstream  http://orders.test:81/v1?a=b
not taken
  write       headers: x-kind: no value is not one of new
  everything  matches as well, and comes later
`

describe('portunus route', () => {
  it('explains a request under a file', async () => {
    await using place = workplace()
    writeFileSync(path.join(place.folder, 'kong.yml'), CONFIG)
    const asked = 'GET http://shop.test/orders/42?a=b'
    const { code, stdout } = await place.run(['route', asked, 'kong.yml'])
    expect([code, stdout]).toEqual([0, EXPLAINED])
    const headers = ['-H', 'X-Kind: old', '-H', 'X-Kind: new']
    const write = await place.run([
      'route',
      'http://x.test/orders',
      'kong.yml',
      ...headers,
      '--json',
    ])
    expect(JSON.parse(write.stdout)).toMatchObject({ route: { name: 'write' } })
  })

  it('explains a request under what the running gateway serves', async () => {
    const token = '0123456789abcdef'
    await using gateway = await startGateway(CONFIG, { admin_token: token })
    await using place = workplace({ KONG_ADMIN_TOKEN: token })
    const asked = 'GET http://shop.test/orders/42?a=b'
    const { code, stdout } = await place.run(['route', asked, '--admin', gateway.adminUrl])
    expect([code, stdout]).toEqual([0, EXPLAINED])
  })

  it('fails where no route takes the request, and says so', async () => {
    await using place = workplace()
    writeFileSync(path.join(place.folder, 'empty.yml'), "_format_version: '3.0'\n")
    const { code, stdout } = await place.run(['route', 'http://x.test/', 'empty.yml'])
    expect([code, stdout]).toEqual([
      1,
      'GET http://x.test/\n  route   none\n  answer  404 no Route matched with those values\n',
    ])
  })

  it.each([
    [[], 'the "<method> <url>" argument is required'],
    [['GET', 'http://x.test/', 'kong.yml'], 'Method and URL are one argument'],
    [['GET  a b c'], 'is no request'],
    [['/', 'kong.yml', '-H', 'nonsense'], 'is no header'],
    [['/', 'nowhere.yml'], 'Cannot read nowhere.yml'],
    [['/', '--admin', 'http://127.0.0.1:9'], 'could not reach the Admin API at http://127.0.0.1:9'],
  ])('says what is wrong with %j', async (words, message) => {
    await using place = workplace()
    const { code, stderr } = await place.run(['route', ...words])
    expect(code).toBe(1)
    expect(stderr).toContain(message)
  })
})
