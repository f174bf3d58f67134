import type { Exchange } from '../../plugin-kit/exchange.ts'
import type { NodeServices } from '../../plugin-kit/plugin.ts'
import type { Config } from './schema.ts'

/** No event is longer: a function takes six million bytes. */
const LIMIT_BYTES = 64 * 1024 * 1024
const UNITS: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 }

export interface ReadBody {
  /** Absent: there is none, or it is too long to be sent. */
  readonly body: Buffer | undefined
  /** Arguments are read from a body only that fits into the gateway's buffer for bodies. */
  readonly isLong: boolean
}

/** Reads the body of a request. One that Kong would keep in a file is sent only if that is wanted. */
export async function readRequestBody(
  { request, upstream }: Exchange,
  config: Config,
  node: NodeServices,
): Promise<ReadBody> {
  const read = upstream.newBody ?? (await request.readBody(LIMIT_BYTES))
  if (read === 'too-large' || read.length > bufferBytes(node)) {
    if (read !== 'too-large' && !config.skip_large_bodies)
      return { body: Buffer.from(read), isLong: true }
    node.log.error('aws-lambda: the request body is too large, the function is called without it')
    return { body: undefined, isLong: true }
  }
  return { body: read.length === 0 ? undefined : Buffer.from(read), isLong: false }
}

/** What nginx holds of a body in memory. */
function bufferBytes(node: NodeServices): number {
  const setting = node.setting('nginx_http_client_body_buffer_size')
  const [, size = '8', unit = 'k'] =
    /^(\d+)([kmg]?)$/i.exec(typeof setting === 'string' ? setting : '8k') ?? []
  return Number(size) * (UNITS[unit.toLowerCase()] ?? 1)
}
