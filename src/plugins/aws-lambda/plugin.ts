import { definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { viaHeader } from '../../plugin-kit/via-header.ts'
import { functionAnswer } from './function-answer.ts'
import { functionEvent } from './function-event.ts'
import { functionInvoker } from './invoke-function.ts'
import { readRequestBody } from './request-body.ts'
import { checks, schema } from './schema.ts'

/** Calls a function on AWS Lambda and answers what it answers; no upstream is asked. */
export const awsLambda: Plugin = definePlugin({
  name: 'aws-lambda',
  priority: 750,
  schema,
  checks,

  create(config, { node }) {
    const invoker = functionInvoker(config, {
      environment: process.env,
      now: () => node.now(),
    })
    const how = {
      via: (received: readonly string[]) => viaHeader(received, node),
      warn: (message: string) => node.log.warn(message),
    }
    return {
      async access(exchange) {
        const read = await readRequestBody(exchange, config, node)
        const event = JSON.stringify(functionEvent(exchange, config, read))
        const startedAtMs = node.now()
        const reply = await invoker.invoke(event)
        const given = functionAnswer(reply, config, how)
        return given.kind === 'exit' ? { ...given, waitedMs: node.now() - startedAtMs } : given
      },
      dispose: () => invoker.dispose(),
    }
  },
})
