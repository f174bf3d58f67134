import type { Plugin } from '../plugin-kit/plugin.ts'
import { acl } from './acl/plugin.ts'
import { basicAuth } from './basic-auth/plugin.ts'
import { hmacAuth } from './hmac-auth/plugin.ts'
import { jwt } from './jwt/plugin.ts'
import { keyAuth } from './key-auth/plugin.ts'

/** The plugins that come with the gateway, in the order in which they run: by priority, then name, both descending. */
export const BUNDLED_PLUGINS: readonly Plugin[] = [jwt, keyAuth, basicAuth, hmacAuth, acl]
