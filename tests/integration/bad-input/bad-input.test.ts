import { writeFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { workplace, type Workplace } from '../../support/run-portunus.ts'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import { startUpstream, type TestUpstream } from '../../support/start-upstream.ts'
import { BROKEN_CONFIGS } from './broken-configs.ts'
import { BROKEN_REQUESTS, BROKEN_TOKENS } from './broken-requests.ts'

let place: Workplace
let upstream: TestUpstream
let gateway: TestGateway

beforeAll(async () => {
  place = workplace()
  upstream = await startUpstream()
  gateway = await startGateway({
    _format_version: '3.0',
    services: [
      {
        name: 'api',
        url: upstream.url,
        routes: [
          { name: 'open', paths: ['/open'] },
          {
            name: 'guarded',
            paths: ['/guarded'],
            plugins: [
              { name: 'jwt', config: { key_claim_name: 'kid', claims_to_verify: ['exp'] } },
            ],
          },
        ],
      },
    ],
    consumers: [{ username: 'ann', jwt_secrets: [{ key: 'known', secret: 'secret' }] }],
  })
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
  await place[Symbol.asyncDispose]()
})

/** The gateway lives on, and serves what it served before. */
async function expectAlive(): Promise<void> {
  const answer = await fetch(`${gateway.url}/open`)
  expect(answer.status).toBe(200)
  await answer.arrayBuffer()
}

describe('a broken configuration', () => {
  it.each(BROKEN_CONFIGS)('that $name is refused with its place', async ({ yaml, says }) => {
    writeFileSync(path.join(place.folder, 'kong.yml'), yaml)
    const { code, stdout, stderr } = await place.run(['check', 'kong.yml'])
    expect(code).toBe(1)
    expect(stdout).toBe('')
    for (const text of says) expect(stderr).toContain(text)
    for (const line of stderr.trim().split('\n')) expect(line).toMatch(/^kong\.yml:/)
  })

  it.each(BROKEN_CONFIGS)('that $name changes nothing when posted', async ({ yaml }) => {
    const answer = await fetch(`${gateway.adminUrl}/config`, {
      method: 'POST',
      headers: { 'content-type': 'text/yaml' },
      body: yaml,
    })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({
      code: 14,
      name: 'invalid declarative configuration',
    })
    await expectAlive()
  })
})

describe('a broken request', () => {
  it.each(BROKEN_REQUESTS)('with $name gets $status and reaches no upstream', async (broken) => {
    const before = upstream.requests.length
    expect(statusOf(await send(broken.bytes))).toBe(broken.status)
    expect(upstream.requests.length).toBe(before)
    await expectAlive()
  })
})

describe('a broken token', () => {
  it.each(BROKEN_TOKENS)(
    'of the kind "$name" gets 401 and no reason to guess by',
    async (broken) => {
      const answer = await fetch(`${gateway.url}/guarded`, {
        headers: { authorization: `Bearer ${broken.token}` },
      })
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
      expect(Object.keys((await answer.json()) as object)).toEqual(['message'])
    },
  )

  it('leaves the gateway alive', expectAlive)
})

/** Everything the gateway answers to these bytes until it closes. */
function send(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(gateway.port, '127.0.0.1', () => socket.end(bytes, 'latin1'))
    let answer = ''
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')))
    socket.on('close', () => resolve(answer))
    // A reset after the answer: the gateway did not read on.
    socket.on('error', () => {})
    socket.setTimeout(60_000, () => {
      socket.destroy()
      reject(new Error('No answer'))
    })
  })
}

function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1])
}
