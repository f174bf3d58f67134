import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import https from 'node:https'
import type http from 'node:http'
import { describe, expect, it } from 'vitest'
import { selfSignedCertificate } from '../../../src/gateway/self-signed-certificate.ts'
import { startGateway } from '../../support/start-gateway.ts'
import { startUpstream } from '../../support/start-upstream.ts'

const SIZE = 4 * 1024 * 1024
const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** Bodies of their own, so that what ends up in another one is seen. */
const bodies = Array.from({ length: 6 }, () => randomBytes(SIZE))

/** Reads at a pace at which what is written waits. */
async function slowHash(message: http.IncomingMessage): Promise<string> {
  const hash = createHash('sha256')
  let turns = 0
  for await (const chunk of message) {
    hash.update(chunk as Buffer)
    turns += 1
    if (turns % 8 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  }
  return hash.digest('hex')
}

describe('bodies between a plain side and one of TLS', () => {
  it('reach clients of TLS as they were sent, several at a time', async () => {
    await using upstream = await startUpstream((request, response) =>
      response.end(bodies[Number(request.url!.slice(1))]!),
    )
    const config = {
      _format_version: '3.0',
      services: [{ name: 'a', url: upstream.url, routes: [{ paths: ['/'] }] }],
    }
    await using gateway = await startGateway(config, {
      proxy_listen: '127.0.0.1:0 ssl',
      nginx_worker_processes: '1',
    })
    const agent = new https.Agent({ rejectUnauthorized: false, maxSockets: bodies.length })
    const hashes = await Promise.all(
      bodies.map(async (_, index) => {
        const request = https.get({ port: gateway.port, path: `/${index}`, agent })
        const [response] = (await once(request, 'response')) as [http.IncomingMessage]
        return slowHash(response)
      }),
    )
    agent.destroy()
    expect(hashes).toEqual(bodies.map(hashOf))
  })

  it('reach upstreams of TLS as they were sent, several at a time', async () => {
    const pair = await selfSignedCertificate('ecdsa')
    const server = https.createServer(
      { cert: pair.certificate, key: pair.key },
      (request, response) => {
        void slowHash(request).then((hash) => response.end(hash))
      },
    )
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const config = {
      _format_version: '3.0',
      services: [
        {
          name: 'a',
          url: `https://127.0.0.1:${port}`,
          routes: [{ paths: ['/'], request_buffering: false }],
        },
      ],
    }
    await using gateway = await startGateway(config, { nginx_worker_processes: '1' })
    const hashes = await Promise.all(
      bodies.map(async (body) =>
        (await fetch(`${gateway.url}/`, { method: 'POST', body: new Uint8Array(body) })).text(),
      ),
    )
    server.closeAllConnections()
    server.close()
    expect(hashes).toEqual(bodies.map(hashOf))
  })
})
