import { isatty } from 'node:tty'
import type { ProxyContext } from '../proxy/context.ts'
import type { ProxyExchange } from '../proxy/exchange.ts'
import type { Settings } from '../settings/settings.ts'
import type { CredentialUses } from './credential-uses.ts'
import type { DecisionRecorder } from './decision-recorder.ts'
import { accessLogger, terseLogger } from './log-exchanges.ts'
import type { Logs } from './logs.ts'

type Watching = Pick<ProxyContext, 'onFinished' | 'wantsPasses'>
type Watcher = (exchange: ProxyExchange) => void

/** Who hears of every exchange when it is over: logs, and whoever keeps something of it. */
export function watchExchanges(options: {
  readonly settings: Settings
  readonly logs: Logs
  readonly recorder: DecisionRecorder | undefined
  readonly uses: CredentialUses
}): Watching {
  const { settings, logs, recorder, uses } = options
  const watchers: Watcher[] = [(exchange) => uses.note(exchange)]
  if (!settings.proxy_access_log.startsWith('off'))
    watchers.push(accessLogger(logs.open(settings.proxy_access_log)))
  const isTerse = settings.request_log === 'terse'
  if (isTerse)
    watchers.push(
      terseLogger(logs.open('/dev/stdout'), {
        hasColor: isatty(1) && !process.env['NO_COLOR'],
        canSayWhy: recorder !== undefined,
      }),
    )
  if (recorder !== undefined) watchers.push((exchange) => recorder.onFinished(exchange))
  return {
    onFinished: oneOf(watchers),
    wantsPasses: recorder?.wantsPasses ?? (isTerse ? () => false : undefined),
  }
}

/** Without a loop, which would cost every request. */
function oneOf([first, ...others]: readonly Watcher[]): Watcher | undefined {
  if (first === undefined) return undefined
  const rest = oneOf(others)
  if (rest === undefined) return first
  return (exchange) => {
    first(exchange)
    rest(exchange)
  }
}
