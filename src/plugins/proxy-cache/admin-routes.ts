import type { AdminAnswer, AdminRequest, AdminRoute } from '../../plugin-kit/plugin.ts'
import { nodeCache } from '../../plugin-kit/shared-memory.ts'
import { decodeResponse } from './cached-response.ts'

/** Kong says nothing about it. */
const NOT_FOUND: AdminAnswer = {
  status: 404,
  headers: { 'content-type': 'application/json' },
  body: '',
}
const DONE: AdminAnswer = { status: 204 }

/** Where every worker has a memory of its own, one of them may have what the others have not. */
const firstFound = (answers: readonly AdminAnswer[]): AdminAnswer =>
  answers.find(({ status }) => status !== 404) ?? NOT_FOUND

export const adminRoutes: readonly AdminRoute[] = [
  { method: 'DELETE', path: '/proxy-cache', handle: purge, combine: firstFound },
  { method: 'GET', path: '/proxy-cache/:cache_key', handle: show, combine: firstFound },
  { method: 'DELETE', path: '/proxy-cache/:cache_key', handle: forget, combine: firstFound },
  {
    method: 'GET',
    path: '/proxy-cache/:plugin_id/caches/:cache_key',
    handle: ofPlugin(show),
    combine: firstFound,
  },
  {
    method: 'DELETE',
    path: '/proxy-cache/:plugin_id/caches/:cache_key',
    handle: ofPlugin(forget),
    combine: firstFound,
  },
]

function purge({ node }: AdminRequest): AdminAnswer {
  nodeCache(node).clear()
  return DONE
}

function show({ parameters, node }: AdminRequest): AdminAnswer {
  const bytes = nodeCache(node).get(parameters['cache_key'] ?? '', Math.floor(node.now() / 1000))
  const found = bytes && decodeResponse(bytes)
  if (found === undefined) return NOT_FOUND
  const { status, headers, body, storedAt, ttl } = found
  return {
    status: 200,
    body: {
      status,
      headers: Object.fromEntries(headers),
      body: Buffer.from(body).toString(),
      body_len: body.length,
      timestamp: storedAt,
      ttl,
      version: 1,
    },
  }
}

function forget({ parameters, node }: AdminRequest): AdminAnswer {
  return nodeCache(node).delete(parameters['cache_key'] ?? '') ? DONE : NOT_FOUND
}

function ofPlugin(handle: (request: AdminRequest) => AdminAnswer) {
  return (request: AdminRequest): AdminAnswer => {
    const row = request.entities.byId('plugins', request.parameters['plugin_id'] ?? '')
    return row?.['name'] === 'proxy-cache' ? handle(request) : NOT_FOUND
  }
}
