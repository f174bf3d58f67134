import { randomUUID } from 'node:crypto'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import { nodeCounters } from '../../plugin-kit/shared-memory.ts'
import type { NodeServices } from '../../plugin-kit/plugin.ts'
import type { GENERATORS } from './schema.ts'

export type Generator = (exchange: Exchange) => string

/** Far enough away that a counter of the node does not end before the node does. */
const NEVER_SECONDS = 2 ** 31 - 1

/**
 * The counter lives as long as the process, so that no id comes twice. All workers count together:
 * which of them takes a connection is chance, and ids would jump back and forth.
 */
export function generator(kind: (typeof GENERATORS)[number], node: NodeServices): Generator {
  switch (kind) {
    case 'uuid':
      return () => randomUUID()
    case 'uuid#counter': {
      const worker = node.keep('correlation-id', () => randomUUID())
      const counters = nodeCounters(node)
      return () => `${worker}#${counters.add('correlation-id', 1, NEVER_SECONDS, 0)}`
    }
    case 'tracker':
      return tracker
  }
}

/** Server address and port, process, connection, request on it, and time. */
function tracker({ request, startedAtMs }: Exchange): string {
  const { serial = 0, requests = 1, localIp = '0.0.0.0' } = request.connection ?? {}
  const time = (startedAtMs / 1000).toFixed(3)
  return [localIp, request.port, process.pid, serial, requests, time].join('-')
}
