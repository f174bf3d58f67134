import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { connect } from 'node:tls'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { freePort } from '../../support/free-port.ts'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import { hasPebble, startPebble, type TestAuthority } from '../../support/start-pebble.ts'

if (!hasPebble)
  console.warn('acme: skipped what needs an authority; install pebble, or set TEST_PEBBLE')

afterEach(() => vi.unstubAllEnvs())

async function gatewayFor(
  authority: TestAuthority,
  config: object,
  settings: Readonly<Record<string, string>> & { readonly plainPort: string },
): Promise<{ readonly gateway: TestGateway; readonly tlsPort: number }> {
  vi.stubEnv('NODE_EXTRA_CA_CERTS', authority.trustFile)
  const { plainPort, ...others } = settings
  const tlsPort = await freePort()
  const gateway = await startGateway(
    {
      _format_version: '3.0',
      routes: [{ name: 'challenges', paths: ['/.well-known/acme-challenge'] }],
      plugins: [
        {
          name: 'acme',
          config: {
            account_email: 'me@example.test',
            api_uri: authority.directoryUrl,
            domains: ['*.example.test'],
            rsa_key_size: 2048,
            ...config,
          },
        },
      ],
    },
    {
      proxy_listen: `127.0.0.1:${plainPort}, 127.0.0.1:${tlsPort} ssl`,
      nginx_worker_processes: '2',
      ...others,
    },
  )
  return { gateway, tlsPort }
}

/** The certificate that a client is shown who asks for a name. */
function shown(port: number, servername: string): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      { host: '127.0.0.1', port, servername, rejectUnauthorized: false },
      () => {
        const certificate = new X509Certificate(socket.getPeerCertificate().raw)
        socket.destroy()
        resolve(certificate)
      },
    )
    socket.on('error', reject)
  })
}

const ask = async (url: string, method = 'GET', body?: object) => {
  const response = await fetch(url, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, never> }
}

describe.skipIf(!hasPebble)('acme against an authority', () => {
  it('makes a certificate for a name that a client asks for, and shows it from then on', async () => {
    const plainPort = await freePort()
    // One number of a request in five is refused at random, as authorities may; of the five that are
    // tried for one request all are then refused once in three thousand times.
    await using authority = await startPebble(['api.example.test'], plainPort, {
      PEBBLE_WFE_NONCEREJECT: '20',
    })
    const { gateway, tlsPort } = await gatewayFor(authority, {}, { plainPort: String(plainPort) })
    await using _ = gateway
    const name = 'api.example.test'
    expect((await shown(tlsPort, name)).subject).toContain('CN=localhost')
    await expect
      .poll(async () => (await shown(tlsPort, name)).subjectAltName, {
        timeout: 40_000,
        interval: 250,
      })
      .toBe(`DNS:${name}`)
    // A name that is not configured is left alone.
    expect((await shown(tlsPort, 'other.test')).subject).toContain('CN=localhost')

    const one = await ask(`${gateway.adminUrl}/acme/certificates/${name}`)
    expect(one).toMatchObject({
      status: 200,
      body: { data: { host: name, valid: true, pubkey_type: 'rsaEncryption' } },
    })
    expect(one.body['data']!['issuer_cn']).toContain('Pebble')
    expect(await ask(`${gateway.adminUrl}/acme/certificates`)).toEqual({
      status: 200,
      body: { data: [one.body['data']] },
    })
    expect((await ask(`${gateway.adminUrl}/acme/certificates?invalid_only=1`)).body).toEqual({
      data: [],
    })
    const none = await ask(`${gateway.adminUrl}/acme/certificates/none.example.test`)
    expect(none.status).toBe(404)
    expect(await ask(`${gateway.adminUrl}/acme`, 'PATCH')).toEqual({
      status: 202,
      body: { message: 'Renewal process started successfully' },
    })
  })

  it('makes one on demand, of the wanted kind', async () => {
    const plainPort = await freePort()
    await using authority = await startPebble(['any.test'], plainPort)
    const { gateway, tlsPort } = await gatewayFor(
      authority,
      { cert_type: 'ecc', allow_any_domain: true },
      { plainPort: String(plainPort) },
    )
    await using _ = gateway
    expect(await ask(`${gateway.adminUrl}/acme`, 'POST', { host: 'any.test' })).toEqual({
      status: 201,
      body: { message: 'certificate for host any.test is created' },
    })
    const certificate = await shown(tlsPort, 'any.test')
    expect(certificate.subjectAltName).toBe('DNS:any.test')
    expect(certificate.publicKey.asymmetricKeyType).toBe('ec')
  })

  it('tells why the authority refused, and waits before it asks again', async () => {
    // Nobody listens where the authority asks.
    await using authority = await startPebble(['api.example.test'], await freePort())
    const { gateway } = await gatewayFor(authority, {}, { plainPort: String(await freePort()) })
    await using _ = gateway
    const url = `${gateway.adminUrl}/acme`
    const host = 'api.example.test'
    const first = await ask(url, 'POST', { host })
    expect(first.status).toBe(500)
    expect(first.body['message']).toContain('failed to update certificate: The authority refuses')
    const second = await ask(url, 'POST', { host })
    expect(second.body['message']).toMatch(
      /please try again in \d+ seconds for host api\.example\.test/,
    )
  })
})

describe.skipIf(!hasPebble)('acme with a database', () => {
  it('makes certificates part of the configuration', async () => {
    const plainPort = await freePort()
    await using authority = await startPebble(['api.example.test'], plainPort)
    vi.stubEnv('NODE_EXTRA_CA_CERTS', authority.trustFile)
    const tlsPort = await freePort()
    await using gateway = await startGateway(
      {},
      {
        proxy_listen: `127.0.0.1:${plainPort}, 127.0.0.1:${tlsPort} ssl`,
        nginx_worker_processes: '2',
        database: 'sqlite',
      },
    )
    const admin = async (path: string, body: object) => {
      const answer = await ask(`${gateway.adminUrl}${path}`, 'POST', body)
      expect(answer.status).toBe(201)
    }
    await admin('/routes', { paths: ['/.well-known/acme-challenge'] })
    await admin('/plugins', {
      name: 'acme',
      config: {
        account_email: 'me@example.test',
        api_uri: authority.directoryUrl,
        allow_any_domain: true,
        cert_type: 'ecc',
        storage: 'kong',
      },
    })
    const host = 'api.example.test'
    await admin('/acme', { host })
    await expect
      .poll(async () => (await shown(tlsPort, host)).subjectAltName, { timeout: 20_000 })
      .toBe(`DNS:${host}`)
    const { body: sni } = await ask(`${gateway.adminUrl}/snis/${host}`)
    const { body: certificate } = await ask(
      `${gateway.adminUrl}/certificates/${sni['certificate']!['id']}`,
    )
    expect([sni['tags'], certificate['tags']]).toEqual([['managed-by-acme'], ['managed-by-acme']])
    const { body: rows } = await ask(`${gateway.adminUrl}/acme_storage`)
    const keys = (rows['data'] as unknown as readonly { key: string }[]).map(({ key }) => key)
    expect(keys.toSorted()).toEqual([
      expect.stringContaining('kong_acme:account:'),
      `kong_acme:renew_config:${host}`,
    ])
    const { body: shownByAcme } = await ask(`${gateway.adminUrl}/acme/certificates`)
    expect(shownByAcme['data']).toMatchObject([{ host, valid: true }])
  })
})

describe('acme without an authority', () => {
  it('answers what an authority asks, and tells whether it could', async () => {
    await using gateway = await startGateway({
      _format_version: '3.0',
      routes: [{ paths: ['/'] }],
      plugins: [
        {
          name: 'acme',
          config: {
            account_email: 'me@example.test',
            api_uri: 'https://127.0.0.1:1/directory',
            domains: ['here.test'],
          },
        },
      ],
    })
    const challenge = async (host: string) => {
      const path = '/.well-known/acme-challenge/x'
      const asked = get({ host: '127.0.0.1', port: gateway.port, path, headers: { host } })
      const [response] = (await once(asked, 'response')) as [IncomingMessage]
      return { status: response.statusCode, text: await text(response) }
    }
    expect(await challenge('here.test')).toEqual({ status: 404, text: 'Not found\n' })
    // Of a name that is not configured nothing is known here.
    expect((await challenge('there.test')).status).toBe(503)
    const url = `${gateway.adminUrl}/acme`
    const refused = await ask(url, 'POST', { host: 'there.test', test_http_challenge_flow: true })
    expect(refused.status).toBe(400)
    expect(refused.body['message']).toContain('problem found running sanity check for there.test: ')
    expect(await ask(url, 'POST', {})).toEqual({
      status: 400,
      body: { message: 'host must be provided and containing a single domain' },
    })
    expect(await ask(url, 'POST', { host: 'here.test:81' })).toEqual({
      status: 400,
      body: { message: 'port is not allowed in host' },
    })
    expect((await ask(url, 'POST', { host: 'here.test' })).status).toBe(500)
  })

  it('has endpoints that know nothing while it is not configured', async () => {
    await using gateway = await startGateway({ _format_version: '3.0' })
    for (const [method, path] of [
      ['POST', '/acme'],
      ['PATCH', '/acme'],
      ['GET', '/acme/certificates'],
    ] as const)
      expect((await fetch(`${gateway.adminUrl}${path}`, { method })).status).toBe(404)
  })
})
