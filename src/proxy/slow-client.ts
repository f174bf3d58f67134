import { turnMs } from '../base/turn-clock.ts'
import { ResponseField } from '../http/response-head.ts'
import type { Stage } from './downstream.ts'
import type { ProxyExchange } from './exchange.ts'
import { finish } from './finish.ts'
import { ReadAhead } from './spool/read-ahead.ts'

/** A client that takes nothing for so long is not waited for by the upstream. */
const STALL_MS = 200
/** And neither is one that takes its time bit by bit. */
const LONG_ANSWER_MS = 5000

/**
 * From when on an upstream is read ahead of a client that cannot take more: what waits costs memory
 * and copying, which clients that are but a moment behind are spared.
 *
 * @returns Unix time in ms; `Infinity` where the route, or the upstream for this answer, wants none of it
 * @see nginx, proxy_buffering and X-Accel-Buffering
 */
export function readAheadFromMs({ plan, upstreamHead, answeredAtMs }: ProxyExchange): number {
  if (plan?.route.response_buffering !== true) return Infinity
  if (upstreamHead?.fields.get(ResponseField.accelBuffering)?.toLowerCase() === 'no')
    return Infinity
  const nowMs = turnMs()
  return nowMs - answeredAtMs > LONG_ANSWER_MS ? nowMs : nowMs + STALL_MS
}

/** A client that is slower than its upstream: the answer waits here until it has been taken. */
export class SlowClient implements Stage {
  /** Where the body goes from now on. */
  readonly output: ReadAhead
  readonly #exchange: ProxyExchange

  /** @param onRoom the upstream, which was not read because too much waited, may be read on */
  constructor(exchange: ProxyExchange, onRoom: () => void) {
    const { context, downstream, id } = exchange
    this.#exchange = exchange
    this.output = new ReadAhead(downstream, context.spool, {
      onRoom,
      onSent: () => finish(exchange),
      onFileFull: (fault) =>
        context.log.error(`Cannot write the answer of exchange ${id} to its file`, fault),
      onLost: (fault) => {
        context.log.error(`Cannot read the answer of exchange ${id} from its file`, fault)
        downstream.abort()
      },
    })
  }

  /** The upstream is done: what is left is between the gateway and the client. */
  takeOver(): void {
    const { body } = this.#exchange
    this.#exchange.stage = this
    if (!body.isComplete) body.discard()
  }

  onDownstreamDrained(): void {
    this.output.drain()
  }

  onClientGone(): void {
    this.close()
    finish(this.#exchange)
  }

  onBodyFault(): void {
    // The answer is whole already, whatever the rest of the request would have been.
  }

  /** What the client was not sent does not count as sent. */
  close(): void {
    const { response } = this.#exchange
    response.bodyBytes -= this.output.waitingBytes
    response.sizeBytes -= this.output.waitingBytes
    this.output.close()
  }
}
