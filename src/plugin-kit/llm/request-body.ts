import { isJsonObject, type JsonObject } from '../../base/json.ts'
import { exit, type Answer } from '../answer.ts'
import type { Exchange } from '../exchange.ts'
import type { NodeServices } from '../plugin.ts'

/**
 * Reads the request for a model as the plugins before left it.
 *
 * @param limitBytes what is read of a client's own body at most
 * @returns nothing for a body that is too long or no JSON object
 */
export async function readJsonRequest(
  exchange: Exchange,
  limitBytes: number,
): Promise<JsonObject | undefined> {
  const text = await readRequestText(exchange, limitBytes)
  return text === undefined ? undefined : parseJsonObject(text)
}

/** As {@link readJsonRequest}, as text. @returns nothing for a body that is too long */
export async function readRequestText(
  { request, upstream }: Exchange,
  limitBytes: number,
): Promise<string | undefined> {
  const body = upstream.newBody ?? (await request.readBody(limitBytes))
  return body === 'too-large' ? undefined : Buffer.from(body).toString()
}

export function parseJsonObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch {
    // Not being JSON is the answer asked for.
    return undefined
  }
}

/** A request that says nothing of its type counts as JSON. */
export function saysJson({ upstream }: Exchange): boolean {
  const type = upstream.header('content-type') ?? 'application/json'
  return type.toLowerCase().includes('application/json')
}

const UNITS: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 }

/**
 * How much of a body plugins for models read. As in Kong the configured limit concerns only what
 * the gateway's buffer for bodies does not hold.
 *
 * @param configured `max_request_body_size`, in bytes
 */
export function requestLimit(configured: number, node: NodeServices): number {
  const setting = node.setting('nginx_http_client_body_buffer_size')
  const text = typeof setting === 'string' ? setting : '8k'
  const [, size = '0', unit = ''] = /^(\d+)([kmg]?)$/i.exec(text) ?? []
  return Math.max(configured, Number(size) * (UNITS[unit.toLowerCase()] ?? 1))
}

/** Refuses a request in the form in which models' own services do. */
export function refuseRequest(message: string, reason = message): Answer {
  return exit(400, { error: { message } }, { reason })
}
