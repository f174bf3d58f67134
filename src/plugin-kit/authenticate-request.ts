import type { Consumer } from '../entities/entity.ts'
import { refuse, type Answer } from './answer.ts'
import type { Decision, Exchange, Identity } from './exchange.ts'
import type { PhaseResult, PluginContext } from './plugin.ts'

/** A failed attempt to authenticate, and why. */
export interface Refusal {
  /** What the client gets, unless the request goes on as anonymous. */
  readonly answer: Answer
  /** Stable short code for the decision record, e.g. `token-expired`. */
  readonly code: string
  /** Facts for the decision record, secrets masked. */
  readonly facts?: Decision['facts']
  /** Also where the request could go on as anonymous. */
  readonly isFinal?: true
}

/** Nothing when {@link Exchange.authenticate} was called. */
export type Attempt = Refusal | undefined

export interface Authentication {
  readonly context: PluginContext
  /** Id or username of the consumer that stands in when nobody is authenticated. */
  readonly anonymous: string | undefined
  /** `false` lets every `OPTIONS` request pass untouched. */
  readonly runOnPreflight: boolean
  /** Authenticates, or says why not. A promise only when it really waits. */
  readonly attempt: (exchange: Exchange) => Attempt | Promise<Attempt>
  /** Takes back what an earlier plugin left when the request goes on as anonymous. */
  readonly onAnonymous?: (exchange: Exchange) => void
  /** The same when an earlier plugin has found a credential. */
  readonly onAuthenticated?: (exchange: Exchange) => void
}

/**
 * The access phase that all authentication plugins share. Without `anonymous` the plugin must
 * succeed by itself, whatever came before (AND). With it, an earlier plugin's credential is enough,
 * and a failed attempt lets the request go on as that consumer, without a credential (OR).
 */
export function authenticateRequest(
  authentication: Authentication,
): (exchange: Exchange) => PhaseResult {
  const { attempt, runOnPreflight, context } = authentication
  const settle = settleBy(authentication)

  return function access(exchange) {
    if (!runOnPreflight && exchange.request.method === 'OPTIONS')
      return skip(exchange, context.name, 'preflight', 'preflight requests pass untouched')
    if (authentication.anonymous !== undefined && exchange.credential !== undefined) {
      authentication.onAuthenticated?.(exchange)
      return skip(
        exchange,
        context.name,
        'already-authenticated',
        'an earlier plugin found a credential',
      )
    }
    const outcome = attempt(exchange)
    if (outcome === undefined) return undefined
    if (outcome instanceof Promise)
      return outcome.then((refusal) => (refusal ? settle(exchange, refusal) : undefined))
    return settle(exchange, outcome)
  }
}

/** Notes that a plugin authenticated the request. Call it only where the recorder wants passes. */
export function noteAuthenticated(
  exchange: Exchange,
  plugin: string,
  facts?: Decision['facts'],
): void {
  note(exchange, plugin, noteOfAuthenticated(exchange.consumer, facts))
}

export function noteOfAuthenticated(
  consumer: Consumer | undefined,
  facts?: Decision['facts'],
): Omit<Decision, 'plugin'> {
  const who = consumer?.username ?? consumer?.custom_id ?? consumer?.id
  return {
    verdict: 'passed',
    code: 'authenticated',
    detail: who === undefined ? 'authenticated without a consumer' : `authenticated as ${who}`,
    ...(facts && { facts }),
  }
}

/** The refusal where the source of consumers could not be asked: nobody's fault, and worth another try. */
export function credentialsUnavailable(plugin: string): Refusal {
  return {
    code: 'source-unavailable',
    answer: refuse(503, 'Cannot look up credentials now', {
      headers: { 'retry-after': '1' },
      reason: `${plugin}: the consumer_source has no answer; the error log says why`,
    }),
  }
}

/** What follows a failed attempt: the refusal's own answer, or the anonymous consumer. */
function settleBy(
  authentication: Authentication,
): (exchange: Exchange, refusal: Refusal) => Answer | undefined {
  const { context, anonymous, onAnonymous } = authentication
  const refuseWith = (exchange: Exchange, { answer, code, facts }: Refusal): Answer => {
    note(exchange, context.name, refused(answer, code, facts))
    return answer
  }
  if (anonymous === undefined) return refuseWith

  const consumer = context.entities.consumerByIdOrUsername(anonymous)
  if (consumer === undefined) {
    const missing = `anonymous consumer ${anonymous} is configured but doesn't exist`
    const answer = refuse(500, missing, { reason: `${context.name}: ${missing}` })
    return (exchange) => {
      note(exchange, context.name, refused(answer, 'anonymous-consumer-missing', undefined))
      return answer
    }
  }

  const identity: Identity = { consumer, credential: undefined }
  return (exchange, refusal) => {
    if (refusal.isFinal) return refuseWith(exchange, refusal)
    const { answer, code, facts } = refusal
    onAnonymous?.(exchange)
    exchange.authenticate(identity)
    note(exchange, context.name, {
      verdict: 'passed',
      code: 'anonymous',
      detail: `goes on as anonymous consumer ${anonymous}: ${answer.reason ?? code}`,
      ...(facts && { facts }),
    })
    return undefined
  }
}

function skip(exchange: Exchange, plugin: string, code: string, detail: string): undefined {
  if (exchange.decisions?.wantsPasses) note(exchange, plugin, { verdict: 'skipped', code, detail })
}

function refused(answer: Answer, code: string, facts: Decision['facts']): Omit<Decision, 'plugin'> {
  return {
    verdict: 'refused',
    code,
    ...(answer.reason !== undefined && { detail: answer.reason }),
    ...(facts && { facts }),
  }
}

function note(exchange: Exchange, plugin: string, decision: Omit<Decision, 'plugin'>): undefined {
  exchange.decisions?.note({ plugin, ...decision })
}
