import type { Plugin } from '../plugin-kit/plugin.ts'
import { acl } from './acl/plugin.ts'
import { basicAuth } from './basic-auth/plugin.ts'
import { botDetection } from './bot-detection/plugin.ts'
import { correlationId } from './correlation-id/plugin.ts'
import { cors } from './cors/plugin.ts'
import { hmacAuth } from './hmac-auth/plugin.ts'
import { ipRestriction } from './ip-restriction/plugin.ts'
import { jwt } from './jwt/plugin.ts'
import { keyAuth } from './key-auth/plugin.ts'
import { redirect } from './redirect/plugin.ts'
import { requestSizeLimiting } from './request-size-limiting/plugin.ts'
import { requestTermination } from './request-termination/plugin.ts'

/** The plugins that come with the gateway, in the order in which they run: by priority, then name, both descending. */
export const BUNDLED_PLUGINS: readonly Plugin[] = [
  correlationId,
  botDetection,
  cors,
  jwt,
  keyAuth,
  basicAuth,
  hmacAuth,
  ipRestriction,
  requestSizeLimiting,
  acl,
  redirect,
  requestTermination,
]
