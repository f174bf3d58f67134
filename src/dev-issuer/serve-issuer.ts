import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { problem, type IssuerAnswer } from './answer.ts'
import type { Endpoint } from './issuer-request.ts'
import { makeIssuer } from './issuer.ts'
import { isNameOfThisMachine, isOnThisMachine } from './this-machine.ts'

export interface ServedIssuer {
  /** `http://localhost:<port>`, the issuer's name. */
  readonly url: string
  close(): void
}

const BODY_LIMIT_BYTES = 64 * 1024

/**
 * Serves a development issuer, to this machine alone.
 *
 * @param port 0: one that is free
 * @throws the error of the system when the port cannot be had
 */
export async function serveIssuer(port: number): Promise<ServedIssuer> {
  let issuer: Endpoint | undefined
  const server = http.createServer((request, response) => {
    void answerTo(request, issuer!)
      .catch(() => problem(400, 'The request cannot be read'))
      .then((answer) => {
        response.writeHead(answer.status, { ...answer.headers, ...corsOf(request) })
        response.end(answer.body)
      })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const url = `http://localhost:${(server.address() as AddressInfo).port}`
  issuer = makeIssuer(url, Date.now)
  return {
    url,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function answerTo(request: http.IncomingMessage, issuer: Endpoint): Promise<IssuerAnswer> {
  const { method = 'GET', url = '/', headers } = request
  // A page elsewhere must not reach this under a name of its own that leads here.
  if (!isNameOfThisMachine((headers.host ?? '').replace(/:\d+$/, '')))
    return problem(403, 'This issuer is for this machine only')
  if (method === 'OPTIONS') return { status: 204, headers: {}, body: '' }
  const [path = '/', query = ''] = url.split('?', 2)
  return issuer({
    what: `${method} ${path}`,
    query: new URLSearchParams(query),
    form: new URLSearchParams(await readBody(request)),
    authorization: headers.authorization,
  })
}

async function readBody(request: http.IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request) {
    body += String(chunk)
    if (body.length > BODY_LIMIT_BYTES) throw new RangeError('The body is too long')
  }
  return body
}

/** Pages of this machine, as one writes them while developing, may read the answers. */
function corsOf({ headers: { origin } }: http.IncomingMessage): Readonly<Record<string, string>> {
  if (origin === undefined || !isOnThisMachine(origin)) return {}
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-headers': 'authorization, content-type',
    vary: 'origin',
  }
}
