import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  selfSignedCertificate,
  type CertificatePair,
} from '../../../src/gateway/self-signed-certificate.ts'
import { adminClient, type AdminClient } from './admin-client.ts'

let admin: AdminClient
let pair: { readonly cert: string; readonly key: string }

beforeAll(async () => {
  const made: CertificatePair = await selfSignedCertificate('ecdsa')
  pair = { cert: made.certificate, key: made.key }
})
beforeEach(() => {
  admin = adminClient()
})

const idOf = (body: unknown): string => (body as { id: string }).id

describe('an oauth2 credential', () => {
  it('has its secret hashed also when the gateway made it', async () => {
    const admin = adminClient()
    await admin.call('PUT', '/consumers/ann', {})
    const made = await admin.call('POST', '/consumers/ann/oauth2', { name: 'a', hash_secret: true })
    expect(made).toMatchObject({
      status: 201,
      body: { client_secret: expect.stringMatching(/^\$pbkdf2-sha512\$/) },
    })
    const input = { name: 'a', hash_secret: true, client_secret: null }
    expect((await admin.call('POST', '/consumers/ann/oauth2', input)).status).toBe(400)
  })
})

describe('certificates of the Admin API', () => {
  it('have their server names in order, and are found by them', async () => {
    const { status, body } = await admin.call('POST', '/certificates', {
      ...pair,
      snis: ['b.test', 'a.test'],
    })
    expect([status, (body as { snis: string[] }).snis]).toEqual([201, ['a.test', 'b.test']])
    expect((await admin.call('GET', '/certificates/a.test')).body).toEqual(body)
    expect((await admin.call('GET', '/certificates/nope.test')).body).toEqual({
      message: 'SNI not found',
    })
    const { body: nested } = await admin.call('GET', '/certificates/a.test/snis')
    expect((nested as { data: unknown[] }).data).toHaveLength(2)
    expect((await admin.call('GET', '/snis/a.test/certificate')).status).toBe(404)
  })

  it('keep, lose or take over names as the write says', async () => {
    await admin.call('POST', '/certificates', { ...pair, snis: ['a.test', 'b.test'] })
    const change = (method: 'PUT' | 'PATCH', name: string, body: object) =>
      admin.call(method, `/certificates/${name}`, body)
    expect((await change('PATCH', 'a.test', { tags: ['x'] })).body).toMatchObject({
      snis: ['a.test', 'b.test'],
    })
    expect((await change('PATCH', 'a.test', { snis: ['b.test', 'c.test'] })).body).toMatchObject({
      snis: ['b.test', 'c.test'],
      tags: ['x'],
    })
    expect((await change('PUT', 'c.test', { ...pair })).body).toMatchObject({ snis: ['c.test'] })
    const made = await change('PUT', 'new.test', { ...pair, snis: ['other.test'] })
    expect(made.body).toMatchObject({ snis: ['new.test', 'other.test'] })
    expect((await change('PATCH', 'new.test', { snis: 'one.test' })).body).toMatchObject({
      snis: ['one.test'],
    })
    expect((await change('PUT', idOf(made.body), { ...pair })).body).toMatchObject({ snis: [] })
  })

  it.each([
    [['x.test', 'x.test'], 'x.test is duplicated'],
    [['1.2.3.4'], ['must not be an IP']],
    ['x.test', 'expected an array'],
  ])('refuse %j as names', async (snis, fault) => {
    expect(await admin.call('POST', '/certificates', { ...pair, snis })).toMatchObject({
      status: 400,
      body: { code: 2, fields: { snis: fault } },
    })
  })

  it('refuse names of each other, and write nothing then', async () => {
    const { body } = await admin.call('POST', '/certificates', { ...pair, snis: ['a.test'] })
    expect(
      await admin.call('POST', '/certificates', { ...pair, snis: ['n.test', 'a.test'] }),
    ).toMatchObject({
      body: {
        fields: {
          snis: `a.test already associated with existing certificate '${idOf(body)}'`,
        },
      },
    })
    expect((await admin.call('GET', '/snis/n.test')).status).toBe(404)
  })

  it('are missed by id as Kong misses them', async () => {
    const where = '/certificates/99999999-9999-4999-8999-999999999999'
    expect(await admin.call('GET', where)).toMatchObject({ status: 404, body: { code: 6 } })
    expect((await admin.call('GET', `${where}/snis`)).body).toEqual({ message: 'Not found' })
  })

  it('go with their names, unless a service needs them', async () => {
    const { body } = await admin.call('POST', '/certificates', { ...pair, snis: ['a.test'] })
    const client_certificate = { id: idOf(body) }
    await admin.call('PUT', '/services/s', { url: 'https://x', client_certificate })
    expect(await admin.call('DELETE', '/certificates/a.test')).toMatchObject({
      status: 400,
      body: { code: 4 },
    })
    expect((await admin.call('GET', '/snis/a.test')).status).toBe(200)
    await admin.call('DELETE', '/services/s')
    expect((await admin.call('DELETE', '/certificates/a.test')).status).toBe(204)
    expect((await admin.call('GET', '/snis/a.test')).status).toBe(404)
  })
})

describe('targets of the Admin API', () => {
  beforeEach(async () => {
    await admin.call('PUT', '/upstreams/u', {})
    for (const port of [1, 2, 3]) {
      const created_at = 1_700_000_000 + port
      await admin.call('POST', '/upstreams/u/targets', { target: `a.test:${port}`, created_at })
    }
  })

  it('are listed newest first, in pages', async () => {
    const { body } = await admin.call('GET', '/upstreams/u/targets?size=2')
    const page = body as { data: { target: string }[]; next: string }
    expect(page.data.map(({ target }) => target)).toEqual(['a.test:3', 'a.test:2'])
    expect((await admin.call('GET', page.next)).body).toMatchObject({
      data: [{ target: 'a.test:1' }],
      next: null,
    })
  })

  it('are listed in no longer pages than there may be, and in those with their health', async () => {
    const { body: whole } = await admin.call('GET', '/upstreams/u/targets?size=5000')
    expect(whole).toMatchObject({ data: { length: 3 }, next: null })
    const { body } = await admin.call('GET', '/upstreams/u/health?size=2')
    expect(body).toMatchObject({
      data: [{ target: 'a.test:3' }, { target: 'a.test:2' }],
      next: '/upstreams/u/health?offset=2',
      offset: '2',
    })
    expect((await admin.call('GET', '/upstreams/u/health?offset=2')).body).toMatchObject({
      data: [{ target: 'a.test:1' }],
      next: null,
    })
    expect((await admin.call('GET', '/upstreams/u/health?size=x')).status).toBe(400)
  })

  it('are all listed in the order of other lists too', async () => {
    const { body } = await admin.call('GET', '/upstreams/u/targets/all')
    const ids = (body as { data: { id: string }[] }).data.map(({ id }) => id)
    expect(ids).toHaveLength(3)
    expect(ids).toEqual(ids.toSorted())
    expect((await admin.call('GET', '/upstreams/u/targets/all?size=5000')).status).toBe(400)
  })

  it('are changed by PUT, but never made by it', async () => {
    expect(await admin.call('PUT', '/upstreams/u/targets/a.test:1', { weight: 5 })).toMatchObject({
      status: 200,
      body: { target: 'a.test:1', weight: 5 },
    })
    expect((await admin.call('PUT', '/upstreams/u/targets/b.test:1', {})).status).toBe(404)
  })

  it('are found by their text under their own upstream alone', async () => {
    await admin.call('PUT', '/upstreams/v', {})
    await admin.call('POST', '/upstreams/v/targets', { target: 'a.test:1', weight: 1 })
    expect((await admin.call('GET', '/upstreams/v/targets/a.test:1')).body).toMatchObject({
      weight: 1,
    })
    expect((await admin.call('GET', '/upstreams/v/targets/a.test:2')).status).toBe(404)
    expect((await admin.call('GET', '/targets')).status).toBe(404)
  })

  it('have their health set and shown', async () => {
    const set: unknown[] = []
    const row = (await admin.call('GET', '/upstreams/u/targets/a.test:1')).body as { id: string }
    const weight = { total: 100, available: 100, unavailable: 0 }
    const facts = { host: 'a.test', port: 1, dns: 'A', nodeWeight: 100, weight }
    const address = { ip: '10.0.0.1', port: 1, weight: 100 }
    const healthy = adminClient({
      store: admin.context.store,
      catalog: admin.context.catalog,
      changes: {
        setTargetHealth: (change) => Promise.resolve(set.push(change) > 1 ? 'no' : undefined),
        upstreamHealth: () =>
          Promise.resolve({
            isChecked: true,
            balancer: 'HEALTHY',
            weight,
            targets: [
              {
                ...facts,
                targetId: row.id,
                health: 'UNHEALTHY',
                addresses: [{ ...address, health: 'UNHEALTHY' }],
              },
            ],
          }),
      },
    })
    const path = '/upstreams/u/targets/a.test:1'
    expect((await healthy.call('PUT', `${path}/unhealthy`)).status).toBe(204)
    expect(await healthy.call('PUT', `${path}/10.0.0.1:1/healthy`)).toMatchObject({
      status: 400,
      body: { message: 'no' },
    })
    expect(set).toMatchObject([
      { targetId: row.id, isHealthy: false },
      { targetId: row.id, isHealthy: true, address: '10.0.0.1:1' },
    ])
    expect((await healthy.call('PUT', '/upstreams/u/targets/nope:1/healthy')).status).toBe(404)
    expect((await healthy.call('GET', '/upstreams/u/health')).body).toMatchObject({
      data: [
        { health: 'HEALTHCHECKS_OFF' },
        { health: 'HEALTHCHECKS_OFF' },
        {
          target: 'a.test:1',
          health: 'UNHEALTHY',
          data: { ...facts, addresses: [{ ...address, health: 'UNHEALTHY' }] },
        },
      ],
      next: null,
    })
    const { body } = await healthy.call('GET', '/upstreams/u/health?balancer_health=1')
    expect(body).toMatchObject({
      data: {
        health: 'HEALTHY',
        balancer_health: 'HEALTHY',
        details: {
          healthy: true,
          hosts: [{ ...facts, addresses: [{ ...address, healthy: false }] }],
        },
      },
    })
  })
})

describe('plugins of the Admin API', () => {
  it('must share a protocol with the route or service they are bound to', async () => {
    await admin.call('PUT', '/services/s', { host: 'x' })
    const bound = { name: 'ip-restriction', config: { allow: ['1.1.1.1'] }, protocols: ['tcp'] }
    expect((await admin.call('POST', '/services/s/plugins', bound)).status).toBe(201)
    await admin.call('PUT', '/services/s/routes/r', { paths: ['/'] })
    expect(await admin.call('POST', '/routes/r/plugins', bound)).toMatchObject({
      status: 400,
      body: { fields: { protocols: "must match the associated route's protocols" } },
    })
    await admin.call('PUT', '/services/t', { host: 'x' })
    await admin.call('PUT', '/services/t/routes/q', { paths: ['/'] })
    expect(await admin.call('POST', '/services/t/plugins', bound)).toMatchObject({
      body: {
        fields: {
          protocols:
            "must match the protocols of at least one route pointing to this Plugin's service",
        },
      },
    })
  })

  it('are one of a kind on each scope', async () => {
    await admin.call('PUT', '/services/s', { host: 'x' })
    expect((await admin.call('POST', '/plugins', { name: 'jwt' })).status).toBe(201)
    expect((await admin.call('POST', '/services/s/plugins', { name: 'jwt' })).status).toBe(201)
    expect(await admin.call('POST', '/plugins', { name: 'jwt' })).toMatchObject({
      status: 409,
      body: { code: 5, fields: { name: 'jwt', route: null, service: null, consumer: null } },
    })
  })
})

describe('ca_certificates of the Admin API', () => {
  it('stay while a service trusts them', async () => {
    const id = '11111111-1111-4111-8111-111111111111'
    const row = { id, cert: 'x', cert_digest: 'y', tags: null, created_at: 1, updated_at: 1 }
    await admin.context.store.write([{ op: 'insert', kind: 'ca_certificates', entity: row }], {
      by: 'import',
    })
    const { body } = await admin.call('PUT', '/services/s', {
      url: 'https://x',
      ca_certificates: [id],
    })
    expect(await admin.call('DELETE', `/ca_certificates/${id}`)).toMatchObject({
      status: 400,
      body: {
        code: 19,
        message: `ca certificate ${id} is still referenced by services (id = ${idOf(body)})`,
      },
    })
    await admin.call('DELETE', '/services/s')
    expect((await admin.call('DELETE', `/ca_certificates/${id}`)).status).toBe(204)
  })
})
