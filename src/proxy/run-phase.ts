import type { PluginHandlers } from '../plugin-kit/plugin.ts'
import { runAccess, type AccessOutcome, type Instance } from '../snapshot/chain.ts'
import type { ProxyExchange } from './exchange.ts'
import { GatewayError } from './gateway-error.ts'
import type { Refusal } from './handle-exchange.ts'
import { isPromise } from './is-promise.ts'

/** Runs the global instances' `rewrite`. */
export function rewrite(
  exchange: ProxyExchange,
): Refusal | undefined | Promise<Refusal | undefined> {
  const { snapshot } = exchange
  if (!snapshot.hasRewrite) return undefined
  return rewriteFrom(exchange, snapshot.globalChain.collected.all, 0)
}

function rewriteFrom(
  exchange: ProxyExchange,
  instances: readonly Instance[],
  from: number,
): Refusal | undefined | Promise<Refusal | undefined> {
  for (let index = from; index < instances.length; index += 1) {
    const instance = instances[index]!
    try {
      const result = instance.handlers.rewrite?.(exchange)
      if (isPromise(result))
        return result.then(
          (answer) => {
            if (!answer) return rewriteFrom(exchange, instances, index + 1)
            exchange.refusedBy = instance.name
            return answer
          },
          (error: unknown) => pluginFailure(exchange, 'rewrite', error),
        )
      if (result === undefined) continue
      exchange.refusedBy = instance.name
      return result
    } catch (error) {
      return pluginFailure(exchange, 'rewrite', error)
    }
  }
  return undefined
}

/** Runs `access` of the plan's chain; what was collected stays for the response phases. */
export function access(
  exchange: ProxyExchange,
): Refusal | undefined | Promise<Refusal | undefined> {
  const { chain } = exchange.plan!
  if (chain.steps.length === 0) return undefined
  const outcome = runAccess(chain, exchange)
  return isPromise(outcome)
    ? outcome.then((result) => collect(exchange, result))
    : collect(exchange, outcome)
}

function collect(exchange: ProxyExchange, outcome: AccessOutcome): Refusal | undefined {
  exchange.collected = outcome.collected
  const { failure } = outcome
  exchange.refusedBy = failure?.plugin ?? outcome.answeredBy
  return failure === undefined ? outcome.answer : pluginFailure(exchange, 'access', failure.error)
}

/** A fault of the request that came up while a plugin read it stays what it is. */
function pluginFailure(exchange: ProxyExchange, phase: string, error: unknown): GatewayError {
  if (error instanceof GatewayError) return error
  exchange.context.log.error(
    `A plugin failed in ${phase} of exchange ${exchange.id} on route "${exchange.route?.id ?? ''}"`,
    error,
  )
  return new GatewayError('plugin_failed', `A plugin failed in ${phase}`)
}

/** Whether the upstream's response is held back, for plugins that want it whole. */
export function isHeldBack(exchange: ProxyExchange): boolean {
  return exchange.collected.response.some(({ handlers }) => wantsWhole(handlers, exchange))
}

function wantsWhole(handlers: PluginHandlers, exchange: ProxyExchange): boolean {
  return handlers.response !== undefined && handlers.buffersResponse?.(exchange) !== false
}

/**
 * Runs `response` with the whole body.
 * @returns what is sent instead, or nothing
 */
export async function runResponse(
  exchange: ProxyExchange,
  body: Uint8Array,
): Promise<Refusal | undefined> {
  try {
    for (const { handlers, name } of exchange.collected.response) {
      if (!wantsWhole(handlers, exchange)) continue
      const answer = await handlers.response!(exchange, exchange.response.newBody ?? body)
      if (!answer) continue
      exchange.refusedBy = name
      return answer
    }
    return undefined
  } catch (error) {
    return pluginFailure(exchange, 'response', error)
  }
}

/** @returns the failure, which goes out instead of a response that a plugin did not get to check */
export function runHeaderFilter(exchange: ProxyExchange): GatewayError | undefined {
  const instances = exchange.collected.headerFilter
  try {
    for (let index = 0; index < instances.length; index += 1) {
      const { handlers } = instances[index]!
      if (!wantsWhole(handlers, exchange)) handlers.headerFilter!(exchange)
    }
    return undefined
  } catch (error) {
    return pluginFailure(exchange, 'headerFilter', error)
  }
}

/**
 * Passes a piece of a response body through the filters.
 * @throws what a filter throws: the response cannot go on then
 */
export function runBodyFilter(exchange: ProxyExchange, piece: Buffer, isLast: boolean): Buffer {
  let current = piece
  for (const { handlers } of exchange.collected.bodyFilter) {
    if (wantsWhole(handlers, exchange)) continue
    const changed = handlers.bodyFilter!(exchange, current, isLast)
    if (changed !== undefined) current = asBuffer(changed)
  }
  return current
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

export function runLog(exchange: ProxyExchange): void {
  for (const { handlers, name } of exchange.collected.log)
    try {
      handlers.log!(exchange)
    } catch (error) {
      exchange.context.log.error(`Plugin "${name}" failed in log of exchange ${exchange.id}`, error)
    }
}
