import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import tls from 'node:tls'
import { describe, expect, it } from 'vitest'
import { reply } from '../../support/raw-upstream.ts'
import { startGateway } from '../../support/start-gateway.ts'
import { until } from '../../support/until.ts'
import { makeAuthority } from './make-authority.ts'
import {
  clientOver,
  connectTcp,
  connectTls,
  makePair,
  named,
  newId,
  startTcpServer,
  streamConfig,
  type Pair,
} from './peers.ts'

const SETTINGS = { stream_listen: '127.0.0.1:0 ssl', nginx_worker_processes: '1' }

function fingerprint(pair: Pair): string {
  return new X509Certificate(pair.certificate).fingerprint256
}

function certificateFor(pair: Pair, ...names: readonly string[]): object {
  return { cert: pair.certificate, key: pair.key, snis: names.map((name) => ({ name })) }
}

const secure = (route: object = {}) => ({ protocols: ['tls'], snis: ['db.example'], ...route })

describe.each(['fast', 'public'])('streams of TLS over the %s transport', (transport) => {
  const settings = { ...SETTINGS, transport }

  it('ends TLS with the certificate of the name asked for, and passes on what is inside', async () => {
    const pair = await makePair()
    await using server = await startTcpServer()
    const config = streamConfig({
      port: server.port,
      route: secure({ sources: null }),
      certificates: [certificateFor(pair, 'db.example')],
    })
    await using gateway = await startGateway(config, settings)
    using client = await connectTls(gateway.streamPorts[0]!, 'db.example')
    expect(client.socket.getPeerCertificate().fingerprint256).toBe(fingerprint(pair))
    client.socket.write('inside')
    expect(await client.received(6)).toBe('inside')
    client.socket.end(' and out')
    expect(await client.ended).toEqual({ text: 'inside and out', isBroken: false })
  })

  it('passes TLS on as it is, to the server whose certificate the client then sees', async () => {
    const pair = await makePair()
    await using server = await startTcpServer(named('own'), {
      cert: pair.certificate,
      key: pair.key,
      ALPNProtocols: ['custom'],
    })
    const config = streamConfig({
      port: server.port,
      route: secure({ protocols: ['tls_passthrough'], sources: null }),
    })
    await using gateway = await startGateway(config, settings)
    const options = { ALPNProtocols: ['custom'] }
    using client = await connectTls(gateway.streamPorts[0]!, 'db.example', options)
    expect(client.socket.getPeerCertificate().fingerprint256).toBe(fingerprint(pair))
    expect(client.socket.alpnProtocol).toBe('custom')
    expect(await client.received(3)).toBe('own')
    client.socket.write('back')
    expect(await client.received(7)).toBe('ownback')
  })

  it('reads a handshake that comes byte by byte', async () => {
    const pair = await makePair()
    await using server = await startTcpServer(named('own'), {
      cert: pair.certificate,
      key: pair.key,
    })
    const config = streamConfig({
      port: server.port,
      route: secure({ protocols: ['tls_passthrough'], sources: null }),
    })
    await using gateway = await startGateway(config, settings)
    const { port } = await slowly(gateway.streamPorts[0]!)
    using client = await connectTls(port, 'db.example')
    expect(await client.received(3)).toBe('own')
  })
})

/** A relay that passes the first bytes of a connection on one at a time. */
async function slowly(port: number): Promise<{ readonly port: number }> {
  const relay = net.createServer((client) => {
    const upstream = net.connect({ port, host: '127.0.0.1', noDelay: true })
    client.once('data', (hello: Buffer) => {
      let at = 0
      const next = (): void => {
        if (at === hello.length) {
          client.pipe(upstream)
          return
        }
        upstream.write(hello.subarray(at, (at += 1)), () => setImmediate(next))
      }
      next()
    })
    upstream.pipe(client)
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy())
  })
  relay.listen(0, '127.0.0.1').unref()
  await once(relay, 'listening')
  return { port: (relay.address() as net.AddressInfo).port }
}

describe('streams of TLS', () => {
  it('serves names that are ended here and names that are passed on, side by side', async () => {
    const [here, there] = await Promise.all([makePair(), makePair()])
    await using plain = await startTcpServer(named('plain'))
    await using secured = await startTcpServer(named('secured'), {
      cert: there.certificate,
      key: there.key,
    })
    const config = {
      _format_version: '3.0',
      services: [
        { name: 'plain', protocol: 'tcp', host: '127.0.0.1', port: plain.port },
        { name: 'secured', protocol: 'tcp', host: '127.0.0.1', port: secured.port },
      ],
      routes: [
        { protocols: ['tls'], snis: ['here.example'], service: 'plain' },
        { protocols: ['tls_passthrough'], snis: ['there.example'], service: 'secured' },
      ],
      certificates: [certificateFor(here, 'here.example')],
    }
    await using gateway = await startGateway(config, SETTINGS)
    const [port] = gateway.streamPorts
    using one = await connectTls(port!, 'here.example')
    using other = await connectTls(port!, 'there.example')
    expect(await one.received(5)).toBe('plain')
    expect(await other.received(7)).toBe('secured')
    expect(one.socket.getPeerCertificate().fingerprint256).toBe(fingerprint(here))
    expect(other.socket.getPeerCertificate().fingerprint256).toBe(fingerprint(there))
    using third = clientOver(net.connect(port!, '127.0.0.1'))
    tls.connect({ socket: third.socket, servername: 'none.example' }).on('error', () => undefined)
    await third.ended
    await until(() => gateway.errorLog().includes('asking for none.example'))
  })

  it('closes connections that do not begin with a handshake', async () => {
    await using server = await startTcpServer(named('secret'))
    const config = streamConfig({ port: server.port, route: secure({ sources: null }) })
    await using gateway = await startGateway(config, SETTINGS)
    using client = connectTcp(gateway.streamPorts[0]!)
    client.socket.write('GET / HTTP/1.1\r\n\r\n')
    expect((await client.ended).text).toBe('')
    await until(() => gateway.errorLog().includes('TLS: no TLS handshake can be read'))
  })

  it('never serves a route of TLS without TLS', async () => {
    await using server = await startTcpServer(named('secret'))
    const config = streamConfig({ port: server.port, route: { protocols: ['tls'] } })
    await using gateway = await startGateway(config, { ...SETTINGS, stream_listen: '127.0.0.1:0' })
    using client = connectTcp(gateway.streamPorts[0]!)
    expect((await client.ended).text).toBe('')
    expect(server.sockets).toEqual([])
  })

  it('shows the certificate of a new configuration, and leaves open connections alone', async () => {
    const [before, after] = await Promise.all([makePair(), makePair()])
    await using server = await startTcpServer()
    const configWith = (pair: Pair) =>
      streamConfig({
        port: server.port,
        route: secure({ sources: null }),
        certificates: [certificateFor(pair, 'db.example')],
      })
    await using gateway = await startGateway(configWith(before), SETTINGS)
    const [port] = gateway.streamPorts
    using open = await connectTls(port!, 'db.example')
    const loaded = await fetch(`${gateway.adminUrl}/config`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(configWith(after)),
    })
    expect(loaded.status).toBe(201)
    using later = await connectTls(port!, 'db.example')
    expect(open.socket.getPeerCertificate().fingerprint256).toBe(fingerprint(before))
    expect(later.socket.getPeerCertificate().fingerprint256).toBe(fingerprint(after))
    open.socket.write('still')
    expect(await open.received(5)).toBe('still')
  })
})

describe('streams to services of TLS', () => {
  it('speaks TLS to the upstream, asks for its name and offers no protocol', async () => {
    const pair = await makePair()
    let asked: unknown
    await using server = await startTcpServer(
      (socket) => {
        const { servername, alpnProtocol } = socket as tls.TLSSocket & { servername: string }
        asked = { servername, alpnProtocol }
        named('hello')(socket)
      },
      { cert: pair.certificate, key: pair.key, ALPNProtocols: ['http/1.1'] },
    )
    const config = streamConfig({
      port: server.port,
      service: { protocol: 'tls', host: 'localhost' },
    })
    await using gateway = await startGateway(config, {
      ...SETTINGS,
      stream_listen: '127.0.0.1:0',
    })
    using client = connectTcp(gateway.streamPorts[0]!)
    expect(await client.received(5)).toBe('hello')
    client.socket.write('you')
    expect(await client.received(8)).toBe('helloyou')
    expect(asked).toEqual({ servername: 'localhost', alpnProtocol: false })
  })

  it('asks for the client’s own name where the route keeps it', async () => {
    const pair = await makePair()
    let asked = ''
    await using server = await startTcpServer(
      (socket) => {
        asked = (socket as tls.TLSSocket & { servername: string }).servername
        named('hello')(socket)
      },
      { cert: pair.certificate, key: pair.key },
    )
    const config = streamConfig({
      port: server.port,
      service: { protocol: 'tls' },
      route: secure({ sources: null, preserve_host: true }),
    })
    await using gateway = await startGateway(config, SETTINGS)
    using client = await connectTls(gateway.streamPorts[0]!, 'db.example')
    expect(await client.received(5)).toBe('hello')
    expect(asked).toBe('db.example')
  })

  it('checks the upstream’s certificate where the service says so', async () => {
    const [right, wrong] = await Promise.all([makeAuthority(), makeAuthority()])
    const [rightId, wrongId] = [newId(), newId()]
    await using server = await startTcpServer(named('hello'), {
      cert: right.certificate,
      key: right.key,
    })
    const configWith = (id: string) =>
      streamConfig({
        port: server.port,
        service: {
          protocol: 'tls',
          host: 'localhost',
          tls_verify: true,
          ca_certificates: [id],
          retries: 0,
        },
        ca_certificates: [
          { id: rightId, cert: right.certificate },
          { id: wrongId, cert: wrong.certificate },
        ],
      })
    const settings = { ...SETTINGS, stream_listen: '127.0.0.1:0' }
    await using trusting = await startGateway(configWith(rightId), settings)
    using client = connectTcp(trusting.streamPorts[0]!)
    expect(await client.received(5)).toBe('hello')
    await using doubting = await startGateway(configWith(wrongId), settings)
    using other = connectTcp(doubting.streamPorts[0]!)
    expect((await other.ended).text).toBe('')
    await until(() => doubting.errorLog().includes('Cannot connect to 127.0.0.1'))
  })

  it('shows the upstream the service’s client certificate', async () => {
    const [own, theirs] = await Promise.all([makePair(), makePair()])
    const id = newId()
    let shown = ''
    await using server = await startTcpServer(
      (socket) => {
        shown = (socket as tls.TLSSocket).getPeerCertificate().fingerprint256
        named('hello')(socket)
      },
      {
        cert: theirs.certificate,
        key: theirs.key,
        requestCert: true,
        ca: own.certificate,
        rejectUnauthorized: true,
      },
    )
    const config = streamConfig({
      port: server.port,
      service: { protocol: 'tls', client_certificate: { id } },
      certificates: [{ id, cert: own.certificate, key: own.key }],
    })
    await using gateway = await startGateway(config, {
      ...SETTINGS,
      stream_listen: '127.0.0.1:0',
    })
    using client = connectTcp(gateway.streamPorts[0]!)
    expect(await client.received(5)).toBe('hello')
    expect(shown).toBe(fingerprint(own))
  })

  it('shows the process’s certificate, and trusts whom it trusts, where a service says neither', async () => {
    const [own, theirs] = await Promise.all([makePair(), makeAuthority()])
    const folder = mkdtempSync(path.join(tmpdir(), 'portunus-authorities-'))
    const authorities = path.join(folder, 'authorities.pem')
    writeFileSync(authorities, theirs.certificate)
    const shown: string[] = []
    await using server = await startTcpServer(
      (socket) => {
        shown.push((socket as tls.TLSSocket).getPeerCertificate().fingerprint256)
        socket.once('data', () => socket.end(reply('hello', 'Connection: close\r\n')))
      },
      {
        cert: theirs.certificate,
        key: theirs.key,
        requestCert: true,
        ca: own.certificate,
        rejectUnauthorized: true,
      },
    )
    const config = streamConfig({
      port: server.port,
      service: { protocol: 'tls', host: 'localhost', tls_verify: true, retries: 0 },
    })
    const services = (config as { services: object[] }).services
    services.push({
      name: 'over-http',
      url: `https://localhost:${server.port}`,
      tls_verify: true,
      routes: [{ paths: ['/'] }],
    })
    const settings = {
      ...SETTINGS,
      stream_listen: '127.0.0.1:0',
      client_ssl: 'on',
      client_ssl_cert: own.certificate,
      client_ssl_cert_key: own.key,
      nginx_proxy_proxy_ssl_trusted_certificate: authorities,
    }
    await using gateway = await startGateway(config, settings)
    using client = connectTcp(gateway.streamPorts[0]!)
    client.socket.write('GET / HTTP/1.1\r\n\r\n')
    expect((await client.ended).text).toContain('hello')
    const answer = await fetch(gateway.url)
    expect(await answer.text()).toBe('hello')
    expect(shown).toEqual([fingerprint(own), fingerprint(own)])
    await expect(
      startGateway(config, {
        ...settings,
        nginx_proxy_proxy_ssl_trusted_certificate: path.join(folder, 'gone.pem'),
      }),
    ).rejects.toThrow('nginx_proxy_proxy_ssl_trusted_certificate: cannot read')
    rmSync(folder, { recursive: true })
  })
})
