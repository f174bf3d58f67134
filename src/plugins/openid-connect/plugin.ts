import { explainWith } from '../../plugin-kit/explain-with.ts'
import { definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { adminRoutes } from './admin-routes.ts'
import { completedConfig } from './completed-config.ts'
import { FIXES } from './fixes.ts'
import { OpenidConnectHandlers } from './handlers.ts'
import { configChecks, schema } from './schema.ts'
import { sessionRedisShorthands } from './session-redis-fields.ts'

/**
 * Authenticates by an OpenID provider: with tokens that it has given out, or by sending browsers
 * there to log in. The name, the priority and the fields are those of Kong's plugin, which is not
 * part of its free edition.
 */
export const openidConnect: Plugin = definePlugin({
  name: 'openid-connect',
  priority: 1050,
  schema,
  shorthands: sessionRedisShorthands,
  configChecks,
  not: ['consumer'],
  adminRoutes,
  explain: explainWith('token', FIXES),
  create: (config, context) => new OpenidConnectHandlers(completedConfig(config), context),
})
