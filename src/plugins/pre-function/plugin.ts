import { ALL_PROTOCOLS, definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { serverlessHandlers } from '../../plugin-kit/serverless-handlers.ts'
import { serverlessChecks } from '../../plugin-kit/serverless-schema.ts'
import { schema } from './schema.ts'

/** Runs Lua of the operator before all other plugins. */
export const preFunction: Plugin = definePlugin({
  name: 'pre-function',
  priority: 1_000_000,
  schema,
  checks: serverlessChecks,
  not: ['consumer'],
  protocols: { allowed: ALL_PROTOCOLS },
  create: (config, context) => serverlessHandlers(config, context),
})
