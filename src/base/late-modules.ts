import type { Redis } from 'ioredis'
import { createRequire } from 'node:module'
import type Http from 'node:http'
import type Http2 from 'node:http2'
import type Https from 'node:https'
import type { RE2JS } from 're2js'

/*
 * Modules that are loaded when they are first used. Each costs megabytes in every thread, and in
 * most gateways nothing ever asks for them.
 */

const require = createRequire(import.meta.url)

/** It brings the whole of fetch with it. */
export const nodeHttp = (): typeof Http => process.getBuiltinModule('node:http')

export const nodeHttps = (): typeof Https => process.getBuiltinModule('node:https')

export const nodeHttp2 = (): typeof Http2 => process.getBuiltinModule('node:http2')

/** The class of its patterns. */
export const re2 = (): typeof RE2JS => (require('re2js') as { readonly RE2JS: typeof RE2JS }).RE2JS

/** The class of its clients. */
export const redisClass = (): typeof Redis =>
  (require('ioredis') as { readonly Redis: typeof Redis }).Redis
