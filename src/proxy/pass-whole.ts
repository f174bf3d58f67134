import type { PeerSource } from '../balancer/peer.ts'
import { turnMs } from '../base/turn-clock.ts'
import type { ResponseHead } from '../http/response-head.ts'
import type { ProxyExchange } from './exchange.ts'
import { adoptResponse } from './receive-response.ts'
import { proxiedHead } from './response-head.ts'
import { JOINED_BYTES } from './transport/transport.ts'

/**
 * Passes on an answer that came in one piece, with a head that repeats, when nobody wants to see it on
 * its way: what most answers are.
 *
 * @param known the head that is expected
 * @param bytes the first that came for this exchange
 * @returns false when it is another kind of answer, of which nothing is taken then
 */
// oxlint-disable-next-line max-params -- the hot path: an object here costs more than it says
export function passWhole(
  exchange: ProxyExchange,
  known: ResponseHead,
  peers: PeerSource,
  bytes: Buffer,
  length: number,
): boolean {
  const { wholeBytes, bytes: expected } = known.made!
  if (wholeBytes !== length || length > JOINED_BYTES || isWatched(exchange)) return false
  if (!expected.isAt(bytes, 0, length)) return false
  const { response } = exchange
  exchange.upstreamHead = known
  exchange.answeredAtMs = turnMs()
  adoptResponse(exchange, known, peers)
  const head = proxiedHead(exchange, 'as-received')
  response.sentHead = head
  response.bodyBytes = length - expected.length
  response.sizeBytes = head.length + response.bodyBytes
  exchange.downstream.sendWhole(head + bytes.latin1Slice(expected.length, length))
  return true
}

/** Whether something may look at the answer or has changed it, or it has no body after all. */
function isWatched({
  collected,
  response,
  upstreamIfChanged,
  head,
  context,
}: ProxyExchange): boolean {
  return (
    collected.headerFilter.length > 0 ||
    collected.bodyFilter.length > 0 ||
    collected.response.length > 0 ||
    response.edits !== undefined ||
    response.isLengthDropped ||
    upstreamIfChanged !== undefined ||
    head.method === 'HEAD' ||
    context.allowsDebugHeader
  )
}
