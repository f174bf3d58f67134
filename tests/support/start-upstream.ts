import http from 'node:http'
import type { AddressInfo } from 'node:net'

export interface TestUpstream extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string
  readonly port: number
  /** What it was asked, in order: `GET /path`. */
  readonly requests: string[]
}

/** Starts an HTTP server to stand behind the gateway, on a port the system chose. */
export async function startUpstream(
  handler: http.RequestListener = (_request, response) => void response.end('hello'),
): Promise<TestUpstream> {
  const requests: string[] = []
  const server = http.createServer({ keepAliveTimeout: 30_000 }, (request, response) => {
    requests.push(`${request.method} ${request.url}`)
    handler(request, response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
