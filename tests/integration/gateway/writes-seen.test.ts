import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import { startUpstream } from '../../support/start-upstream.ts'

const WORKERS = 3
/** Enough new connections for every worker to have had one. */
const ASKED = 6
/** More than a router takes on beside the routes it was built of. */
const MANY = 300

describe('what was written', () => {
  let upstream: Awaited<ReturnType<typeof startUpstream>>
  let gateway: TestGateway
  beforeAll(async () => {
    upstream = await startUpstream()
    gateway = await startGateway('', {
      database: 'sqlite',
      declarative_config: '',
      nginx_worker_processes: String(WORKERS),
    })
    await call('PUT', '/services/s', { url: upstream.url })
  })
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]()
    await upstream[Symbol.asyncDispose]()
  })

  async function call(method: string, where: string, body?: object): Promise<void> {
    const answer = await fetch(gateway.adminUrl + where, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
    await answer.text()
    expect([200, 201, 204]).toContain(answer.status)
  }

  /** What every worker answers. */
  async function statusesOf(where: string, headers: Readonly<Record<string, string>> = {}) {
    const answers = await Promise.all(
      Array.from({ length: ASKED }, () =>
        fetch(gateway.url + where, { headers: { connection: 'close', ...headers } }),
      ),
    )
    await Promise.all(answers.map((answer) => answer.text()))
    return [...new Set(answers.map(({ status }) => status))]
  }

  it('is served by every worker when the answer has come, and no longer when it is gone', async () => {
    await call('PUT', '/routes/r', { paths: ['/r'], service: { name: 's' } })
    expect(await statusesOf('/r')).toEqual([200])
    await call('PATCH', '/routes/r', { paths: ['/moved'] })
    expect(await statusesOf('/r')).toEqual([404])
    expect(await statusesOf('/moved')).toEqual([200])
    await call('POST', '/routes/r/plugins', { name: 'key-auth' })
    expect(await statusesOf('/moved')).toEqual([401])
    await call('PUT', '/consumers/ann', {})
    await call('POST', '/consumers/ann/key-auth', { key: 'k' })
    expect(await statusesOf('/moved', { apikey: 'k' })).toEqual([200])
    await call('DELETE', '/consumers/ann')
    expect(await statusesOf('/moved', { apikey: 'k' })).toEqual([401])
    await call('PATCH', '/services/s', { enabled: false })
    expect(await statusesOf('/moved')).toEqual([404])
    await call('PATCH', '/services/s', { enabled: true })
    await call('DELETE', '/routes/r')
    expect(await statusesOf('/moved')).toEqual([404])
  })

  it('is served through very many writes, the first ones too', async () => {
    for (let at = 0; at < MANY; at += 1) {
      await call('PUT', `/routes/m${at}`, { paths: [`/m${at}/`], service: { name: 's' } })
      await call('PUT', `/consumers/m${at}`, {})
      if (at % 50 === 0) expect(await statusesOf(`/m${at}/`)).toEqual([200])
    }
    for (const at of [0, 1, MANY / 2, MANY - 1]) expect(await statusesOf(`/m${at}/`)).toEqual([200])
    await call('DELETE', '/routes/m0')
    expect(await statusesOf('/m0/')).toEqual([404])
    expect(await statusesOf('/m1/')).toEqual([200])
  })
})
