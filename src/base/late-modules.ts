import type { Redis } from 'ioredis'
import { createRequire } from 'node:module'
import type Http from 'node:http'
import type Https from 'node:https'

/*
 * Modules that are loaded when they are first used. Each costs megabytes in every thread, and in
 * most gateways nothing ever asks for them.
 */

const require = createRequire(import.meta.url)

/** It brings the whole of fetch with it. */
export const nodeHttp = (): typeof Http => process.getBuiltinModule('node:http')

export const nodeHttps = (): typeof Https => process.getBuiltinModule('node:https')

/** The class of its clients. */
export const redisClass = (): typeof Redis =>
  (require('ioredis') as { readonly Redis: typeof Redis }).Redis
