import { turnMs } from '../base/turn-clock.ts'
import type { ProxyExchange } from './exchange.ts'
import { giveRequestHead, giveResponseHead, SPENT_HEAD } from './head-pool.ts'
import { runLog } from './run-phase.ts'

/** The status that is logged for a client that went away, as nginx does. */
const CLIENT_CLOSED_REQUEST = 499

/** Ends an exchange: log phase, log line, and release of all it held. Does nothing the second time. */
export function finish(exchange: ProxyExchange): void {
  if (exchange.finishedAtMs !== -1) return
  const { context, response, head } = exchange
  exchange.finishedAtMs = turnMs()
  exchange.isOver = true
  if (response.status === 0) response.status = CLIENT_CLOSED_REQUEST
  if (exchange.collected.log.length > 0) runLog(exchange)
  context.onFinished?.(exchange)
  exchange.snapshot.leave()
  exchange.stage = undefined
  exchange.head = SPENT_HEAD
  giveRequestHead(head)
  const { upstreamHead } = exchange
  if (upstreamHead !== undefined) {
    exchange.upstreamHead = undefined
    response.fields = undefined
    giveResponseHead(upstreamHead)
  }
  exchange.downstream.next()
}

/** Ends an exchange once what is still done for it is; if that fails the client must not take it for whole. */
export function finishAfter(exchange: ProxyExchange, work: Promise<void>): void {
  work
    .catch((error: unknown) => {
      exchange.context.log.error(`Cannot end exchange ${exchange.id}`, error)
      exchange.downstream.abort()
    })
    .finally(() => finish(exchange))
}
