import { nodeHttp, nodeHttps } from '../../base/late-modules.ts'

/** An HTTP server that stores things. */
export interface HttpPlace {
  readonly isTls: boolean
  readonly host: string
  readonly port: number
  readonly timeoutMs: number
  readonly verifiesTls: boolean
  readonly serverName?: string | undefined
}

export interface PlaceAnswer {
  readonly status: number
  readonly body: string
}

/** @throws when there is no answer in time */
export function askPlace(
  place: HttpPlace,
  asked: {
    readonly method: string
    readonly path: string
    readonly headers: Readonly<Record<string, string>>
    readonly body?: string | undefined
  },
): Promise<PlaceAnswer> {
  const { isTls, host, port, timeoutMs, verifiesTls, serverName } = place
  const { body = '' } = asked
  return new Promise((resolve, reject) => {
    const request = (isTls ? nodeHttps() : nodeHttp()).request({
      host,
      port,
      method: asked.method,
      path: asked.path,
      timeout: timeoutMs,
      agent: false,
      headers: { ...asked.headers, 'Content-Length': Buffer.byteLength(body) },
      rejectUnauthorized: verifiesTls,
      ...(serverName !== undefined && { servername: serverName }),
    })
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      )
    })
    request.on('timeout', () =>
      request.destroy(new Error(`${host}:${port} gave no answer within ${timeoutMs} ms`)),
    )
    request.on('error', reject)
    request.end(body)
  })
}
