import { beginTurn } from '../base/turn-clock.ts'
import type { Answer } from '../plugin-kit/answer.ts'
import { answer, answerFailure } from './answer.ts'
import type { ProxyExchange } from './exchange.ts'
import { finish } from './finish.ts'
import { forward } from './forward.ts'
import { GatewayError } from './gateway-error.ts'
import { matchRoute } from './match-route.ts'
import { isPromise } from './is-promise.ts'
import { readRequest } from './read-request.ts'
import { access, rewrite } from './run-phase.ts'

/** What ends an exchange before the upstream is asked. */
export type Refusal = Answer | GatewayError

/** A step lets the exchange pass, or ends it; it returns a promise only when something really waits. */
export type Step = (exchange: ProxyExchange) => Refusal | undefined | Promise<Refusal | undefined>

/** What every request goes through before it is forwarded, in this order. */
const STEPS: readonly Step[] = [
  // size, host and path checks
  readRequest,
  // global plugins, before a route is known
  rewrite,
  // route, plan of the snapshot, protocol checks
  matchRoute,
  // plugins of the plan; each may answer
  access,
]

/**
 * One exchange from its head to its log line: the steps above, then forward, which relays what the
 * upstream answers. Whatever happens, `finish` is reached once.
 */
export function handleExchange(exchange: ProxyExchange): void {
  runSteps(exchange, 0)
}

/** For a request of which no more is known than that it is refused. */
export function refuseExchange(exchange: ProxyExchange, error: GatewayError): void {
  refuse(exchange, error)
}

function runSteps(exchange: ProxyExchange, from: number): void {
  for (let index = from; index < STEPS.length; index += 1) {
    const refusal = STEPS[index]!(exchange)
    if (refusal === undefined) continue
    if (isPromise(refusal)) waitFor(refusal, exchange, index + 1)
    else refuse(exchange, refusal)
    return
  }
  forward(exchange)
}

function waitFor(step: Promise<Refusal | undefined>, exchange: ProxyExchange, next: number): void {
  step
    .then((refusal) => {
      beginTurn()
      // The client may have gone while a plugin was waiting.
      if (exchange.isOver) finish(exchange)
      else if (refusal === undefined) runSteps(exchange, next)
      else refuse(exchange, refusal)
    })
    .catch((error: unknown) => fail(exchange, error))
}

function refuse(exchange: ProxyExchange, refusal: Refusal): void {
  if (refusal instanceof GatewayError) answerFailure(exchange, refusal)
  else answer(exchange, refusal)
}

/** A bug of the gateway's own: the client is told no more than that. */
function fail(exchange: ProxyExchange, error: unknown): void {
  exchange.context.log.error(`Cannot handle exchange ${exchange.id}`, error)
  if (exchange.finishedAtMs === -1)
    answerFailure(exchange, new GatewayError('plugin_failed', 'The gateway failed'))
}
