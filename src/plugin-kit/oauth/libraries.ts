import type * as Jose from 'jose'
import type * as OAuth from 'oauth4webapi'

/*
 * Each of them costs memory in every worker, so they are loaded by the first request that needs them.
 */

export const loadOAuth = (): Promise<typeof OAuth> => import('oauth4webapi')

export const loadJose = (): Promise<typeof Jose> => import('jose')
