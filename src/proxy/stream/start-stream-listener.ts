import type { ListenOptions } from '../listen.ts'
import type { StreamContext } from './stream-context.ts'
import type { StreamListener } from './stream-listener.ts'
import { startTcpListener } from './tcp-listener.ts'
import { startUdpListener } from './udp-listener.ts'

export type StreamListenOptions = ListenOptions & {
  /** Datagrams instead of connections. */
  readonly udp: boolean
}

/** Listens for clients of streams. @throws what the system says when the address cannot be had */
export function startStreamListener(
  options: StreamListenOptions,
  context: StreamContext,
): Promise<StreamListener> {
  return options.udp ? startUdpListener(options, context) : startTcpListener(options, context)
}
