import { readBodyFields, type BodyFields } from '../../plugin-kit/body-fields.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import { headersAsObject, queryAsObject } from '../../plugin-kit/as-object.ts'
import type { NodeServices } from '../../plugin-kit/plugin.ts'
import { shownEntity } from '../../plugin-kit/workspace.ts'

/** A longer body is not shown. */
const BODY_LIMIT_BYTES = 1024 * 1024

/** The request as the gateway saw it, for an answer that shows it. */
export async function echoOf(
  exchange: Exchange,
  node: NodeServices,
): Promise<Readonly<Record<string, unknown>>> {
  const { request, route, service, captures } = exchange
  const body = request.hasBody ? await request.readBody(BODY_LIMIT_BYTES) : Buffer.alloc(0)
  const bytes = body === 'too-large' ? Buffer.alloc(0) : Buffer.from(body)
  const fields = readBodyFields(request.header('content-type'), bytes)
  return {
    request: {
      scheme: request.scheme,
      host: request.host,
      port: request.port,
      headers: headersAsObject(request.headers()),
      query: queryAsObject(request.query()),
      ...(fields && { body: shownFields(fields) }),
      raw_body: bytes.toString(),
      method: request.method,
      path: request.path,
      uri_captures: captures ?? { named: {}, unnamed: [] },
    },
    kong: { node_id: node.nodeId, worker_pid: process.pid, hostname: node.hostname },
    ...(route && { matched_route: shownEntity(route) }),
    ...(service && { matched_service: shownEntity(service) }),
  }
}

function shownFields(fields: BodyFields): Readonly<Record<string, unknown>> {
  switch (fields.kind) {
    case 'json':
      return fields.members
    case 'form':
      return queryAsObject(fields.pairs)
    case 'multipart':
      return queryAsObject(
        fields.parts.map(({ name, content }) => [name ?? '', Buffer.from(content).toString()]),
      )
  }
}
