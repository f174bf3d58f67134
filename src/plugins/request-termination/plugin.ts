import { exit, type Answer, type ExitAnswer } from '../../plugin-kit/answer.ts'
import type { ClientRequest } from '../../plugin-kit/exchange.ts'
import { definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import type { RecordOf } from '../../schema/field.ts'
import { echoOf } from './echo.ts'
import { configFault, schema } from './schema.ts'

/** Answers every matching request itself, so the upstream is never called. */
export const requestTermination: Plugin = definePlugin({
  name: 'request-termination',
  priority: 2,
  schema,
  configValidator: configFault,

  create(config, { node }) {
    const isTriggered = trigger(config.trigger)
    const answer = fixedAnswer(config)
    const { status_code: status } = config
    const message = messageOf(config)

    return {
      access(exchange) {
        if (!isTriggered(exchange.request)) return undefined
        if (!config.echo) return answer
        return echoOf(exchange, node).then((shown): Answer =>
          exit(status, { ...(message !== undefined && { message }), ...shown }),
        )
      },
    }
  },
})

function trigger(name: string | undefined): (request: ClientRequest) => boolean {
  if (name === undefined) return () => true
  const header = name.toLowerCase()
  return (request) => request.header(header) !== undefined || request.queryValue(name) !== undefined
}

/** The messages of statuses that have one. That of 503 differs from the gateway's own. */
const MESSAGES: ReadonlyMap<number, string> = new Map([
  [401, 'Unauthorized'],
  [404, 'Not found'],
  [405, 'Method not allowed'],
  [500, 'An unexpected error occurred'],
  [502, 'Bad Gateway'],
  [503, 'Service unavailable'],
])

type Config = RecordOf<typeof schema>

function messageOf({ message, status_code: status }: Config): string | undefined {
  return message ?? MESSAGES.get(status)
}

function fixedAnswer(config: Config): ExitAnswer {
  const { status_code: status, body, content_type: contentType } = config
  const reason = 'request-termination: configured answer'
  if (body !== undefined && body !== '') {
    const headers = contentType === undefined ? {} : { 'content-type': contentType }
    return { kind: 'exit', status, body, headers, reason }
  }
  const message = messageOf(config)
  return exit(status, message === undefined ? undefined : { message }, { reason })
}
