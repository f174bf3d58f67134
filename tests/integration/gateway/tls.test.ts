import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import tls from 'node:tls'
import { afterAll, describe, expect, it } from 'vitest'
import { clusteringCertificate } from '../../../src/gateway/self-signed-certificate.ts'
import { connectRaw } from '../../support/raw-client.ts'
import { startGateway } from '../../support/start-gateway.ts'
import { startUpstream } from '../../support/start-upstream.ts'
import { until } from '../../support/until.ts'
import { oneRoute } from './configs.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-tls-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A certificate and its key in files. */
async function pair(name: string) {
  const made = await clusteringCertificate(1)
  const files = { cert: path.join(folder, `${name}.crt`), key: path.join(folder, `${name}.key`) }
  writeFileSync(files.cert, made.certificate)
  writeFileSync(files.key, made.key)
  return { ...files, ...made, fingerprint: new X509Certificate(made.certificate).fingerprint256 }
}

interface Shown {
  readonly fingerprint: string
  readonly subject: string
  readonly protocol: string | null
  readonly answer: string
}

/** What a client that asks for a name is shown, and the status line it gets. */
function connect(port: number, servername?: string, options: tls.ConnectionOptions = {}) {
  return new Promise<Shown>((resolve, reject) => {
    const socket = tls.connect({
      host: '127.0.0.1',
      port,
      rejectUnauthorized: false,
      ...(servername !== undefined && { servername }),
      ...options,
    })
    socket.once('error', reject)
    socket.once('secureConnect', () => {
      socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    })
    let answer = ''
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
    socket.once('close', () => resolve({ ...shown, answer: answer.split('\r\n')[0]! }))
    let shown = { fingerprint: '', subject: '', protocol: null as string | null }
    socket.once('secureConnect', () => {
      const { fingerprint256, subject } = socket.getPeerCertificate()
      shown = {
        fingerprint: fingerprint256,
        subject: String(subject.CN),
        protocol: socket.getProtocol(),
      }
    })
  })
}

describe('TLS listeners', () => {
  it('show a certificate made at the first start, and keep it', async () => {
    await using upstream = await startUpstream()
    await using gateway = await startGateway(oneRoute(upstream.url), {
      proxy_listen: '127.0.0.1:0 ssl',
    })
    const file = path.join(gateway.prefix, 'ssl', 'kong-default')
    const shown = await connect(gateway.port, 'localhost')
    expect(shown).toMatchObject({ subject: 'localhost', answer: 'HTTP/1.1 200 OK' })
    const kept = [`${file}.crt`, `${file}-ecdsa.crt`].map(
      (name) => new X509Certificate(readFileSync(name)).fingerprint256,
    )
    expect(kept).toContain(shown.fingerprint)
    expect(statSync(`${file}.key`).mode & 0o777).toBe(0o600)
  })

  it('show the certificate for the name that is asked for', async () => {
    await using upstream = await startUpstream()
    const [fallback, exact, wild] = [await pair('default'), await pair('exact'), await pair('wild')]
    await using gateway = await startGateway(
      {
        ...oneRoute(upstream.url),
        certificates: [
          { cert: exact.certificate, key: exact.key, snis: [{ name: 'a.example.com' }] },
          { cert: wild.certificate, key: wild.key, snis: [{ name: '*.example.com' }] },
        ],
      },
      {
        proxy_listen: '127.0.0.1:0 ssl',
        ssl_cert: fallback.cert,
        ssl_cert_key: path.join(folder, 'default.key'),
      },
    )
    const shownFor = async (name?: string) => (await connect(gateway.port, name)).fingerprint
    expect(await shownFor('a.example.com')).toBe(exact.fingerprint)
    expect(await shownFor('b.example.com')).toBe(wild.fingerprint)
    expect(await shownFor('x.b.example.com')).toBe(fallback.fingerprint)
    expect(await shownFor()).toBe(fallback.fingerprint)
  })

  it('show renewed certificates after a reload', async () => {
    await using upstream = await startUpstream()
    const first = await pair('renewed')
    await using gateway = await startGateway(oneRoute(upstream.url), {
      proxy_listen: '127.0.0.1:0 ssl',
      ssl_cert: first.cert,
      ssl_cert_key: path.join(folder, 'renewed.key'),
    })
    expect((await connect(gateway.port)).fingerprint).toBe(first.fingerprint)
    const second = await pair('renewed')
    gateway.signal('SIGHUP')
    await until(async () => (await connect(gateway.port)).fingerprint === second.fingerprint)
  })

  it.each([
    ['intermediate', 'TLSv1.1', false],
    ['intermediate', 'TLSv1.2', true],
    ['modern', 'TLSv1.2', false],
    ['modern', 'TLSv1.3', true],
  ] as const)('speak with suite %s and %s: %s', async (suite, version, isSpoken) => {
    await using gateway = await startGateway(oneRoute('http://localhost:1'), {
      proxy_listen: '127.0.0.1:0 ssl',
      ssl_cipher_suite: suite,
    })
    const connecting = connect(gateway.port, 'localhost', {
      minVersion: version,
      maxVersion: version,
      ciphers: 'DEFAULT@SECLEVEL=0',
    })
    if (isSpoken) expect((await connecting).protocol).toBe(version)
    else await expect(connecting).rejects.toThrow()
  })

  it('serve the Admin API too', async () => {
    await using gateway = await startGateway(oneRoute('http://localhost:1'), {
      admin_listen: '127.0.0.1:0 ssl',
    })
    const port = Number(new URL(gateway.adminUrl).port)
    expect((await connect(port, 'localhost')).answer).toBe('HTTP/1.1 200 OK')
  })

  it('refuse a certificate and a key that do not belong together', async () => {
    const [one, other] = [await pair('one'), await pair('other')]
    const started = startGateway(oneRoute('http://localhost:1'), {
      proxy_listen: '127.0.0.1:0 ssl',
      ssl_cert: one.cert,
      ssl_cert_key: path.join(folder, 'other.key'),
    })
    await expect(started).rejects.toThrow('do not belong together')
    await expect(started).rejects.not.toThrow(other.key.slice(30, 60))
  })
})

it('TLS listeners tell clients without TLS what is wrong, and log it', async () => {
  const log = path.join(folder, 'access.log')
  await using gateway = await startGateway(oneRoute('http://localhost:1'), {
    proxy_listen: '127.0.0.1:0 ssl',
    proxy_access_log: log,
  })
  using client = await connectRaw(gateway.port)
  client.send('GET /secret HTTP/1.1\r\nHost: a\r\n\r\n')
  const text = await client.closes()
  expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
  expect(text).toContain('The plain HTTP request was sent to HTTPS port')
  await until(() => readFileSync(log, 'utf8').includes(' 400 '))
  using garbage = await connectRaw(gateway.port)
  garbage.send(Buffer.alloc(64, 1))
  expect(await garbage.closes()).not.toContain('HTTP')
})
