import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import tls from 'node:tls'
import { afterAll, describe, expect, it } from 'vitest'
import {
  clusteringCertificate,
  selfSignedCertificate,
} from '../../../src/gateway/self-signed-certificate.ts'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import { startUpstream } from '../../support/start-upstream.ts'
import { oneRoute } from './configs.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-tls-'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Visit {
  readonly isResumed: boolean
  readonly status: string
  readonly session: Buffer | undefined
}

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'

/** One connection with one request; a session comes with it where the gateway gives one. */
function visit(port: number, options: tls.ConnectionOptions = {}): Promise<Visit> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options })
    let session: Buffer | undefined
    let text = ''
    let isResumed = false
    socket.on('session', (given) => (session = given))
    socket.on('secureConnect', () => {
      isResumed = socket.isSessionReused()
      socket.write(REQUEST)
    })
    socket.on('data', (piece: Buffer) => (text += piece.toString()))
    socket.on('error', reject)
    socket.on('close', () => resolve({ isResumed, session, status: text.split('\r\n')[0]! }))
  })
}

const ONE_OF_TWO = { proxy_listen: '127.0.0.1:0 ssl', nginx_worker_processes: '2' }

/** How many of many connections, which both workers take, were resumed. */
async function resumptions(
  gateway: TestGateway,
  version: tls.SecureVersion,
  more: tls.ConnectionOptions = {},
): Promise<number> {
  const options = { minVersion: version, maxVersion: version, ...more }
  const { session } = await visit(gateway.port, options)
  const visits = await Promise.all(
    Array.from({ length: 12 }, () =>
      visit(gateway.port, { ...options, ...(session !== undefined && { session }) }),
    ),
  )
  for (const { status } of visits) expect(status).toBe('HTTP/1.1 200 OK')
  return visits.filter(({ isResumed }) => isResumed).length
}

describe('TLS sessions', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'are taken up again by any worker: %s',
    async (version) => {
      await using upstream = await startUpstream()
      await using gateway = await startGateway(oneRoute(upstream.url), ONE_OF_TWO)
      expect(await resumptions(gateway, version)).toBe(12)
    },
  )

  it('are kept by the gateway where clients shall not keep them', async () => {
    await using upstream = await startUpstream()
    await using gateway = await startGateway(oneRoute(upstream.url), {
      ...ONE_OF_TWO,
      ssl_session_tickets: 'off',
    })
    expect(await resumptions(gateway, 'TLSv1.2')).toBe(12)
    expect(await resumptions(gateway, 'TLSv1.3')).toBe(0)
  })

  it('are taken up again under the certificate of a name', async () => {
    await using upstream = await startUpstream()
    const named = await selfSignedCertificate('ecdsa')
    await using gateway = await startGateway(
      {
        ...oneRoute(upstream.url),
        certificates: [
          { cert: named.certificate, key: named.key, snis: [{ name: 'a.example.com' }] },
        ],
      },
      ONE_OF_TWO,
    )
    const servername = 'a.example.com'
    expect(await resumptions(gateway, 'TLSv1.3', { servername })).toBe(12)
    expect(await resumptions(gateway, 'TLSv1.2', { servername })).toBe(12)
  })

  it('live as long as the settings say', async () => {
    await using gateway = await startGateway(oneRoute('http://localhost:1'), {
      proxy_listen: '127.0.0.1:0 ssl',
      ssl_session_timeout: '7m',
    })
    const { stdout } = spawnSync(
      'openssl',
      ['s_client', '-connect', `127.0.0.1:${gateway.port}`, '-ign_eof'],
      { input: REQUEST, encoding: 'utf8' },
    )
    expect(stdout).toMatch(/ticket lifetime hint: 420 /)
  })
})

describe('TLS rules', () => {
  it.each([
    ['old', '-tls1', true],
    ['intermediate', '-tls1_1', false],
    ['intermediate', '-tls1_2', true],
    ['modern', '-tls1_2', false],
    ['fips', '-tls1_3', true],
  ])('%s with openssl %s: %s', async (suite, version, isSpoken) => {
    await using gateway = await startGateway(oneRoute('http://localhost:1'), {
      proxy_listen: '127.0.0.1:0 ssl',
      ssl_cipher_suite: suite,
    })
    const { stdout } = spawnSync(
      'openssl',
      ['s_client', '-connect', `127.0.0.1:${gateway.port}`, version, '-cipher', 'ALL@SECLEVEL=0'],
      { input: '', encoding: 'utf8' },
    )
    expect(/New, TLSv1[.\d]*, Cipher is [A-Z]/.test(stdout)).toBe(isSpoken)
  })

  it('may be set one by one', async () => {
    await using gateway = await startGateway(oneRoute('http://localhost:1'), {
      proxy_listen: '127.0.0.1:0 ssl',
      ssl_cipher_suite: 'custom',
      ssl_protocols: 'TLSv1.2',
      ssl_ciphers:
        'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256',
      ssl_dhparam: 'ffdhe3072',
    })
    const cipherOf = (ciphers: string) =>
      new Promise<string>((resolve, reject) => {
        const options = { port: gateway.port, host: '127.0.0.1', rejectUnauthorized: false }
        const socket = tls.connect({ ...options, ciphers }, () => {
          resolve(`${socket.getProtocol()} ${socket.getCipher().name}`)
          socket.destroy()
        })
        socket.on('error', reject)
      })
    expect(await cipherOf('DEFAULT')).toMatch(/^TLSv1\.2 ECDHE-(ECDSA|RSA)-AES256-GCM-SHA384$/)
    expect(await cipherOf('DHE-RSA-AES128-GCM-SHA256')).toBe('TLSv1.2 DHE-RSA-AES128-GCM-SHA256')
    await expect(cipherOf('ECDHE-RSA-AES128-GCM-SHA256')).rejects.toThrow()
  })

  it.each([
    [{ ssl_cipher_suite: 'custom', ssl_ciphers: 'NONSENSE' }, 'ssl_ciphers cannot be used'],
    [{ ssl_cipher_suite: 'custom', ssl_protocols: 'TLSv9' }, 'ssl_protocols has an invalid value'],
    [{ ssl_dhparam: '/nowhere.pem' }, 'ssl_dhparam: no DH parameters'],
  ])('that cannot be kept are refused at the start: %o', async (settings, fault) => {
    const starting = startGateway(oneRoute('http://localhost:1'), {
      proxy_listen: '127.0.0.1:0 ssl',
      ...settings,
    })
    await expect(starting).rejects.toThrow(fault)
  })

  it('let clients choose HTTP/2 in the handshake only where it is spoken', async () => {
    const chosen = (port: number, protocols: readonly string[]) =>
      new Promise<string | false | null>((resolve, reject) => {
        const socket = tls.connect(
          { port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: [...protocols] },
          () => {
            resolve(socket.alpnProtocol)
            socket.destroy()
          },
        )
        socket.on('error', reject)
      })
    const listen = '127.0.0.1:0 ssl'
    await using one = await startGateway(oneRoute('http://localhost:1'), { proxy_listen: listen })
    expect(await chosen(one.port, ['h2', 'http/1.1'])).toBe('http/1.1')
    await using two = await startGateway(oneRoute('http://localhost:1'), {
      proxy_listen: `${listen} http2`,
    })
    expect(await chosen(two.port, ['h2', 'http/1.1'])).toBe('h2')
    expect(await chosen(two.port, ['http/1.1'])).toBe('http/1.1')
    expect(await chosen(two.port, [])).toBe(false)
    await expect(chosen(two.port, ['spdy/3'])).rejects.toThrow(/no application protocol/i)
  })
})

describe('client certificates', async () => {
  const good = await clusteringCertificate(1)
  const bad = await clusteringCertificate(1)
  const authorities = path.join(folder, 'clients.crt')
  writeFileSync(authorities, good.certificate)
  const log = path.join(folder, 'log.json')

  /** Who is let in, and what is noted about them. */
  async function start(verify: string) {
    writeFileSync(log, '')
    const upstream = await startUpstream()
    const gateway = await startGateway(
      {
        ...oneRoute(upstream.url),
        plugins: [{ name: 'file-log', config: { path: log } }],
      },
      {
        proxy_listen: '127.0.0.1:0 ssl',
        nginx_worker_processes: '1',
        nginx_proxy_ssl_verify_client: verify,
        ...(verify !== 'optional_no_ca' && { nginx_proxy_ssl_client_certificate: authorities }),
      },
    )
    return {
      gateway,
      attempt: async (more: tls.ConnectionOptions): Promise<boolean> =>
        visit(gateway.port, more).then(
          ({ status }) => status === 'HTTP/1.1 200 OK',
          () => false,
        ),
      async [Symbol.asyncDispose]() {
        await gateway[Symbol.asyncDispose]()
        await upstream[Symbol.asyncDispose]()
      },
    }
  }

  const shows = (pair: typeof good) => ({ cert: pair.certificate, key: pair.key })
  /** What the log says of each request, in order. */
  const verdicts = () =>
    readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (JSON.parse(line) as LogLine).request.tls.client_verify)

  it.each([
    ['on', [true, false, false], ['SUCCESS']],
    ['optional', [true, false, true], ['SUCCESS', 'NONE']],
    [
      'optional_no_ca',
      [true, true, true],
      [expect.stringMatching(/^FAILED:/), expect.stringMatching(/^FAILED:/), 'NONE'],
    ],
    ['off', [true, true, true], ['NONE', 'NONE', 'NONE']],
  ])('%s: good, bad and none', async (verify, expected, noted) => {
    {
      await using started = await start(verify)
      const outcomes = [
        await started.attempt(shows(good)),
        await started.attempt(shows(bad)),
        await started.attempt({}),
      ]
      expect(outcomes).toEqual(expected)
    }
    expect(verdicts()).toEqual(noted)
  })

  it.each(['on', 'optional'])(
    '%s: a session that began without one does not become a good one',
    async (verify) => {
      {
        await using started = await start(verify)
        const session = await sessionOf(started.gateway.port)
        await started.attempt(session === undefined ? {} : { session })
        const own = await visit(started.gateway.port, shows(good))
        await started.attempt({ ...shows(good), ...(own.session && { session: own.session }) })
      }
      const noted = verdicts()
      expect(noted.slice(-2)).toEqual(['SUCCESS', 'SUCCESS'])
      expect(noted.slice(0, -2)).toEqual(verify === 'on' ? [] : ['NONE', 'NONE'])
    },
  )

  it('need authorities', async () => {
    await expect(
      startGateway(oneRoute('http://localhost:1'), { nginx_proxy_ssl_verify_client: 'on' }),
    ).rejects.toThrow('nginx_proxy_ssl_client_certificate must be specified')
  })
})

interface LogLine {
  readonly request: { readonly tls: { readonly client_verify: string } }
}

/** What a client without a certificate is given, even if it is shown the door afterwards. */
function sessionOf(port: number): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
    let session: Buffer | undefined
    socket.on('session', (given) => (session = given))
    socket.on('secureConnect', () => socket.write(REQUEST))
    socket.on('data', () => {})
    socket.on('error', () => {})
    socket.on('close', () => resolve(session))
  })
}
