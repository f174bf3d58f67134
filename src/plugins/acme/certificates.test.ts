import { describe, expect, it } from 'vitest'
import { parsedConfig, testContext } from '../../plugin-kit/testing/test-plugin.ts'
import { newPrivateKey } from './account-key.ts'
import { certificateDetails, endsWithin } from './certificate-details.ts'
import { keptAsEntities, keptInStorage } from './certificate-keeper.ts'
import { Certificates } from './certificates.ts'
import { memoryStorage } from './memory-storage.ts'
import { acme } from './plugin.ts'
import type { Config } from './schema.ts'
import { ServedCertificates } from './served-certificates.ts'
import { RENEWAL_PREFIX } from './storage-keys.ts'
import { selfSigned } from './testing/self-signed.ts'

const DAY_MS = 86_400_000
const ACCOUNT = 'kong_acme:account:https://ca.test/directory:bWVAYS50ZXN0'
const NOW = Date.UTC(2026, 0, 1)

/** Certificates whose authority is out of reach: what is asked of it ends up in `calls`. */
async function setup(days = 90) {
  const clock = { now: NOW }
  const calls: string[] = []
  const logged: string[] = []
  const context = testContext(acme, { now: () => clock.now, logged })
  const config = {
    account_email: 'me@a.test',
    api_uri: 'https://ca.test/directory',
    allow_any_domain: true,
    cert_type: 'ecc',
  }
  const storage = memoryStorage(context.node)
  const keeper = keptInStorage(storage)
  const certificates = new Certificates({
    config: parsedConfig(acme, config) as unknown as Config,
    node: context.node,
    entities: context.entities,
    storage,
    keeper,
    caller: {
      call: async ({ url }) => {
        calls.push(url.href)
        throw new Error('out of reach')
      },
      dispose: () => undefined,
    },
    wait: async () => undefined,
  })
  // Made beforehand: an RSA key takes a second or two.
  await storage.set(ACCOUNT, JSON.stringify({ key: await newPrivateKey('ecc') }))
  const pair = await selfSigned('api.a.test', new Date(NOW), new Date(NOW + days * DAY_MS))
  return { clock, calls, logged, storage, keeper, certificates, pair, node: context.node }
}

describe('acme › Certificates', () => {
  it('does not ask again shortly after a failure', async () => {
    const { certificates, calls, clock } = await setup()
    await expect(certificates.update('a.test')).rejects.toThrow('out of reach')
    await expect(certificates.update('a.test')).rejects.toThrow(
      'please try again in 300 seconds for host a.test because of previous failure; this is configurable with config.fail_backoff_minutes',
    )
    expect(calls).toEqual(['https://ca.test/directory'])
    clock.now += 301_000
    await expect(certificates.update('a.test')).rejects.toThrow('out of reach')
    expect(calls).toHaveLength(2)
  })

  it('asks once when several want the same at the same time', async () => {
    const { certificates, calls } = await setup()
    const results = await Promise.allSettled([1, 2].map(() => certificates.update('a.test')))
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(calls).toHaveLength(1)
  })

  it('uses one account for all, and keeps its key', async () => {
    const { certificates, storage } = await setup()
    await storage.delete(ACCOUNT)
    await expect(certificates.update('a.test')).rejects.toThrow()
    const kept = await storage.get(ACCOUNT)
    expect(kept).toContain('BEGIN PRIVATE KEY')
    await expect(certificates.update('b.test')).rejects.toThrow()
    expect(await storage.get(ACCOUNT)).toBe(kept)
  })

  it.each([
    ['long before the end', 90, 0, 0],
    ['shortly before the end', 90, 80, 1],
    ['when the certificate lasts longer than was thought', 200, 80, 0],
  ])('renews what ends soon: %s', async (_when, lifetime, later, asked) => {
    const { certificates, calls, clock, keeper, storage, pair } = await setup(lifetime)
    const host = 'api.a.test'
    await keeper.store(host, pair)
    const expireAt = (NOW + 90 * DAY_MS) / 1000
    await storage.set(RENEWAL_PREFIX + host, JSON.stringify({ host, expire_at: expireAt }))
    clock.now += later * DAY_MS
    await certificates.renew()
    expect(calls).toHaveLength(asked)
    expect(await certificates.hosts()).toEqual([host])
  })

  it('forgets to renew what is not there any more', async () => {
    const { certificates, storage, logged } = await setup()
    await storage.set(`${RENEWAL_PREFIX}gone.test`, '{"host":"gone.test","expire_at":1}')
    await certificates.renew()
    expect(await certificates.hosts()).toEqual([])
    expect(logged).toEqual([expect.stringContaining('gone.test')])
  })
})

describe('acme › ServedCertificates', () => {
  it('shows what is stored, and asks for what is not, without waiting', async () => {
    const { certificates, calls, keeper, pair, node, clock } = await setup()
    const options = { certificates, allows: (host: string) => host.endsWith('.a.test') }
    const served = new ServedCertificates({ ...options, log: node.log, now: () => clock.now })
    await keeper.store('api.a.test', pair)
    expect(await served.get('API.a.test')).toEqual({ certificate: pair.cert, key: pair.key })
    // Known now, and told at once.
    expect(served.get('api.a.test')).toEqual({ certificate: pair.cert, key: pair.key })
    expect(served.get('api.b.test')).toBeUndefined()
    expect(await served.get('new.a.test')).toBeUndefined()
    await expect.poll(() => calls.length, { timeout: 20_000 }).toBe(1)
    expect(served.get('new.a.test')).toBeUndefined()
    clock.now += 6000
    await keeper.store('new.a.test', pair)
    expect(await served.get('new.a.test')).toBeDefined()
  })
})

describe('acme › keptAsEntities', () => {
  it('puts the new certificate in the place of the old one', async () => {
    const errands: unknown[] = []
    const rows: Readonly<Record<string, object>> = {
      snis: { id: 'sni-1', name: 'a.test', certificate: { id: 'old' } },
      certificates: { id: 'old', cert: 'c', key: 'k' },
    }
    const keeper = keptAsEntities(
      {
        administer: async ({ method, path, body }) => {
          errands.push([method, path, body])
          return { status: 200, body: { id: 'new' } }
        },
      },
      { by: (kind: string) => rows[kind], byId: (kind: string) => rows[kind] } as never,
    )
    expect(await keeper.load('a.test')).toEqual({ cert: 'c', key: 'k' })
    await keeper.store('a.test', { cert: 'C', key: 'K' })
    const tags = ['managed-by-acme']
    expect(errands).toEqual([
      ['POST', '/certificates', { cert: 'C', key: 'K', tags }],
      ['PUT', '/snis/a.test', { certificate: { id: 'new' }, tags }],
      ['DELETE', '/certificates/old', undefined],
    ])
  })
})

describe('acme › certificateDetails', () => {
  it('tells what the Admin API shows', async () => {
    const { cert } = await selfSigned('api.a.test', new Date(NOW), new Date(NOW + DAY_MS))
    const details = certificateDetails(cert, NOW + 1000)
    expect(details).toMatchObject({
      host: 'api.a.test',
      issuer_cn: 'api.a.test',
      not_before: '2026-01-01 00:00:00',
      not_after: '2026-01-02 00:00:00',
      valid: true,
      pubkey_type: 'id-ecPublicKey',
    })
    expect(details.digest).toMatch(/^[0-9a-f]{40}$/)
    expect(certificateDetails(cert, NOW + 2 * DAY_MS).valid).toBe(false)
    expect(endsWithin(cert, DAY_MS / 2, NOW)).toBe(false)
    expect(endsWithin(cert, 2 * DAY_MS, NOW)).toBe(true)
    expect(endsWithin('nothing', 0, NOW)).toBe(true)
  })
})
