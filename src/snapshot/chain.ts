import type { Answer } from '../plugin-kit/answer.ts'
import type { Exchange } from '../plugin-kit/exchange.ts'
import type { PhaseResult, PluginHandlers } from '../plugin-kit/plugin.ts'

/** One configured plugin, made ready for this snapshot. */
export interface Instance {
  readonly id: string
  readonly name: string
  readonly priority: number
  readonly handlers: PluginHandlers
}

/** The handlers of one set of instances, a flat list a phase, in order of priority. */
export interface Collected {
  readonly headerFilter: readonly Instance[]
  readonly bodyFilter: readonly Instance[]
  readonly log: readonly Instance[]
  /** Instances that want the whole upstream response before it goes out. */
  readonly response: readonly Instance[]
  readonly all: readonly Instance[]
}

/** Place of one plugin in a chain: its instance, unless the consumer has one of its own. */
export interface Step {
  readonly instance: Instance | undefined
  readonly byConsumer: InstancesByConsumer | undefined
}

/** The instances that consumers have of their own; a map is one. */
export interface InstancesByConsumer {
  get(consumerId: string): Instance | undefined
}

/** What runs for one route and service. */
export interface Chain {
  readonly steps: readonly Step[]
  /** No step depends on the consumer: `access` and `collected` hold for every request. */
  readonly isStatic: boolean
  readonly access: readonly Instance[]
  readonly collected: Collected
  /** The outcome when no handler answers. */
  readonly passed: AccessOutcome
}

const NOTHING: Collected = { headerFilter: [], bodyFilter: [], log: [], response: [], all: [] }
export const EMPTY_CHAIN: Chain = {
  steps: [],
  isStatic: true,
  access: [],
  collected: NOTHING,
  passed: passedBy(NOTHING),
}

export function makeChain(steps: readonly Step[]): Chain {
  if (steps.length === 0) return EMPTY_CHAIN
  const base = steps.flatMap(({ instance }) => instance ?? [])
  const collected = collect(base)
  return {
    steps,
    isStatic: steps.every(({ byConsumer }) => byConsumer === undefined),
    access: base.filter(({ handlers }) => handlers.access !== undefined),
    collected,
    passed: passedBy(collected),
  }
}

function passedBy(collected: Collected): AccessOutcome {
  return { answer: undefined, answeredBy: undefined, collected }
}

/** @param instances in order of priority */
export function collect(instances: readonly Instance[]): Collected {
  if (instances.length === 0) return NOTHING
  return {
    all: instances,
    headerFilter: instances.filter(({ handlers }) => handlers.headerFilter !== undefined),
    bodyFilter: instances.filter(({ handlers }) => handlers.bodyFilter !== undefined),
    log: instances.filter(({ handlers }) => handlers.log !== undefined),
    response: instances.filter(({ handlers }) => handlers.response !== undefined),
  }
}

/** What the access phase of a chain came to. */
export interface AccessOutcome {
  readonly answer: Answer | undefined
  /** Name of the plugin whose answer it is. */
  readonly answeredBy: string | undefined
  /** A handler failed; the later ones did not run. */
  readonly failure?: AccessFailure
  readonly collected: Collected
}

export interface AccessFailure {
  readonly plugin: string
  readonly error: unknown
}

/**
 * Runs the access phase. The instance of each plugin is looked up when its turn comes, so a consumer
 * found by an earlier one selects the configuration of the later ones. After an answer or a failure
 * the later plugins are still collected: their response phases run on it.
 *
 * @returns the outcome; a promise of it only when a handler really waits. It never rejects
 */
export function runAccess(
  chain: Chain,
  exchange: Exchange,
): AccessOutcome | Promise<AccessOutcome> {
  return chain.isStatic ? runStatic(chain, exchange, 0) : runLookingUp(chain, exchange, 0, [])
}

function runStatic(
  chain: Chain,
  exchange: Exchange,
  from: number,
): AccessOutcome | Promise<AccessOutcome> {
  const { access, collected } = chain
  let index = from
  try {
    for (; index < access.length; index += 1) {
      const result = access[index]!.handlers.access!(exchange)
      if (result === undefined) continue
      const { name } = access[index]!
      if (!isPromise(result)) return { answer: result, answeredBy: name, collected }
      const next = index + 1
      return result.then(
        (answer) =>
          answer ? { answer, answeredBy: name, collected } : runStatic(chain, exchange, next),
        (error: unknown) => failed(access[next - 1]!, error, collected),
      )
    }
  } catch (error) {
    return failed(access[index]!, error, collected)
  }
  return chain.passed
}

function runLookingUp(
  chain: Chain,
  exchange: Exchange,
  from: number,
  met: Instance[],
): AccessOutcome | Promise<AccessOutcome> {
  for (let index = from; index < chain.steps.length; index += 1) {
    const instance = instanceFor(chain.steps[index]!, exchange)
    if (instance === undefined) continue
    met.push(instance)
    const rest = (): Collected => collectRest(chain, exchange, index + 1, met)
    try {
      const result: PhaseResult = instance.handlers.access?.(exchange)
      if (result === undefined) continue
      const { name } = instance
      if (!isPromise(result)) return { answer: result, answeredBy: name, collected: rest() }
      return result.then(
        (answer) =>
          answer
            ? { answer, answeredBy: name, collected: rest() }
            : runLookingUp(chain, exchange, index + 1, met),
        (error: unknown) => failed(instance, error, rest()),
      )
    } catch (error) {
      return failed(instance, error, rest())
    }
  }
  return { answer: undefined, answeredBy: undefined, collected: collect(met) }
}

function failed({ name }: Instance, error: unknown, collected: Collected): AccessOutcome {
  return { answer: undefined, answeredBy: undefined, failure: { plugin: name, error }, collected }
}

function collectRest(chain: Chain, exchange: Exchange, from: number, met: Instance[]): Collected {
  for (const step of chain.steps.slice(from)) {
    const instance = instanceFor(step, exchange)
    if (instance !== undefined) met.push(instance)
  }
  return collect(met)
}

function instanceFor(step: Step, exchange: Exchange): Instance | undefined {
  const { consumer } = exchange
  if (step.byConsumer === undefined || consumer === undefined) return step.instance
  return step.byConsumer.get(consumer.id) ?? step.instance
}

function isPromise<Value>(result: Value | Promise<Value>): result is Promise<Value> {
  return typeof (result as { then?: unknown }).then === 'function'
}
