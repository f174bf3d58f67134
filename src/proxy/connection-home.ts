import type { ClientConnectionFacts } from './connection-facts.ts'
import type { ProxyContext } from './context.ts'
import type { Transport } from './transport/transport.ts'

/** A client's connection as a listener knows it, whichever HTTP it speaks. */
export interface ServedConnection {
  readonly facts: ClientConnectionFacts
  /** Ends it when it is idle, or as soon as it is. */
  drain(): void
  /** Cuts it off. */
  destroy(): void
}

/** Whoever counts and ends the connections of a listener. */
export interface ConnectionHome {
  readonly context: ProxyContext
  /** No connection serves another request than the one it has. */
  readonly isDraining: boolean
  /** Clients may begin with HTTP/2 at once, knowing that it is spoken. */
  readonly takesHttp2: boolean
  onConnectionClosed(connection: ServedConnection): void
  /** The client speaks HTTP/2, and the connection is no longer this one's. @param first bytes it began with */
  onHttp2(connection: ServedConnection, transport: Transport, first: Buffer): void
}
