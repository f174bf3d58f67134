import type { Answer } from '../../plugin-kit/answer.ts'
import { isPromise } from '../is-promise.ts'
import type { ProxyLog } from '../context.ts'
import type { Session } from './session.ts'

/** Why a session is not proxied. */
export interface Refusal {
  readonly status: number
  /** For the client, as a plugin's own answer. */
  readonly body: string | Uint8Array | undefined
}

/** What Kong can end a stream with; other statuses of plugins mean a refusal all the same. */
const STATUSES: ReadonlySet<number> = new Set([200, 400, 403, 500, 502, 503])

/**
 * Runs the plugins of a session in their order, until one answers.
 *
 * @returns why it is not proxied, if so; a promise only when a handler really waits. It never rejects
 */
export function runPreread(
  session: Session,
  log: ProxyLog,
  from = 0,
): Refusal | undefined | Promise<Refusal | undefined> {
  const instances = session.plan?.preread ?? []
  for (let index = from; index < instances.length; index += 1) {
    const { name, handlers } = instances[index]!
    try {
      const result = handlers.preread!(session)
      if (result === undefined) continue
      if (!isPromise(result)) return refusalOf(result, name, log)
      return result.then(
        (answer) => (answer ? refusalOf(answer, name, log) : runPreread(session, log, index + 1)),
        (error: unknown) => failed(error, name, log),
      )
    } catch (error) {
      return failed(error, name, log)
    }
  }
  return undefined
}

function failed(error: unknown, plugin: string, log: ProxyLog): Refusal {
  log.error(`Plugin "${plugin}" failed in its preread phase`, error)
  return { status: 500, body: undefined }
}

/** A client that is refused is told nothing: there is no format in which it could be. */
function refusalOf(answer: Answer, plugin: string, log: ProxyLog): Refusal {
  const status = STATUSES.has(answer.status) ? answer.status : 403
  if (answer.kind === 'exit' && status < 400) return { status, body: answer.body }
  const why = answer.reason ?? answer.message ?? 'refused'
  log.warn(`Plugin "${plugin}" ended a session with status ${status}: ${why}`)
  return { status, body: undefined }
}
