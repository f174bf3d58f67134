import { message, type AdminAnswer } from './admin-answer.ts'
import type { AdminContext } from './admin-context.ts'
import type { AdminRequest, Resource } from './resource.ts'

const LEVELS = new Set(['debug', 'info', 'notice', 'warn', 'error', 'crit', 'alert', 'emerg'])
/** How long another level stays in force, unless the request says otherwise. */
const DEFAULT_TIMEOUT_SECONDS = 60

/** Reads the log level, and changes it for a while. */
export function logLevelResources(context: AdminContext): readonly Resource[] {
  const change = (request: AdminRequest): AdminAnswer => changeLevel(context, request)
  return [
    {
      path: '/debug/node/log-level',
      methods: { GET: () => message(200, `log level: ${context.logLevel.current}`) },
    },
    { path: '/debug/node/log-level/{log_level}', methods: { PUT: change } },
    { path: '/debug/cluster/log-level/{log_level}', methods: { PUT: change } },
  ]
}

function changeLevel(
  { isDbLess, logLevel }: AdminContext,
  { params, query, input }: AdminRequest,
): AdminAnswer {
  if (isDbLess) return message(405, 'cannot change log level when not using a database')
  const level = params['log_level']!
  if (!LEVELS.has(level)) return message(400, `unknown log level: ${level}`)
  const seconds = wholeSeconds(query.get('timeout') ?? timeoutIn(input))
  if (seconds < 0) return message(400, 'timeout must be greater than or equal to 0')
  if (logLevel.current === level) return message(200, `log level is already ${level}`)
  logLevel.set(level, seconds)
  return message(200, 'log level changed')
}

/** What is no number does not count. */
function wholeSeconds(given: unknown): number {
  const isGiven = typeof given === 'number' || (typeof given === 'string' && given.trim() !== '')
  const seconds = isGiven ? Math.ceil(Number(given)) : Number.NaN
  return Number.isNaN(seconds) ? DEFAULT_TIMEOUT_SECONDS : seconds
}

function timeoutIn(input: AdminRequest['input']): unknown {
  return input.kind === 'json' || input.kind === 'form' ? input.fields['timeout'] : undefined
}
