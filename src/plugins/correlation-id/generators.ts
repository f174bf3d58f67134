import { randomUUID } from 'node:crypto'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import type { NodeServices } from '../../plugin-kit/plugin.ts'
import type { GENERATORS } from './schema.ts'

export type Generator = (exchange: Exchange) => string

/** The counter of a worker lives as long as the worker, so that no id comes twice. */
export function generator(kind: (typeof GENERATORS)[number], node: NodeServices): Generator {
  switch (kind) {
    case 'uuid':
      return () => randomUUID()
    case 'uuid#counter': {
      const counter = node.keep('correlation-id', () => ({ worker: randomUUID(), count: 0 }))
      return () => `${counter.worker}#${(counter.count += 1)}`
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
