import type { ResponseHead } from '../http/response-head.ts'
import type { Endpoint, EndpointTable } from './endpoint-table.ts'
import type { UpstreamConnection } from './upstream-connection.ts'

/** Idle connections to one endpoint; the one used last is taken first, so that a few stay warm. */
export class IdleStack implements Endpoint {
  readonly key: string
  readonly connections: UpstreamConnection[] = []
  session: Buffer | undefined
  /** Text of the last response head. */
  lastHead = ''
  /** The last response head, once it came twice in a row: it need not be read a third time. */
  repeatedHead: ResponseHead | undefined
  /** In which it is while it has connections. */
  readonly #table: EndpointTable<IdleStack>
  /** Connections that have not ended: idle, at work, or being opened. */
  #open = 0

  constructor(key: string, table: EndpointTable<IdleStack>) {
    this.key = key
    this.#table = table
  }

  get isIdle(): boolean {
    return this.connections.length === this.#open
  }

  endIdle(): void {
    for (const connection of this.connections.slice()) connection.destroy()
  }

  /** A connection to there is being opened. */
  onBegun(): void {
    this.#open += 1
  }

  /** To be called once for each of them, when it has ended. */
  onOver(connection: UpstreamConnection): void {
    const index = this.connections.lastIndexOf(connection)
    if (index !== -1) this.connections.splice(index, 1)
    this.#open -= 1
    if (this.#open === 0) this.#table.leave(this)
  }
}
