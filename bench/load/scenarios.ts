/** One way of loading the gateway. */
export interface Scenario {
  readonly name: string
  readonly title: string
  /** Which check stands before the upstream. */
  readonly guard: Guard
  readonly connections: number
  /** Path below the guard's route. */
  readonly path: string
  /** Bytes of request body; absent for a GET. */
  readonly uploadBytes?: number
  /** Bulk is measured in bytes per CPU second instead of CPU time per request. */
  readonly bulkBytes?: number
}

export type Guard = 'plain' | 'key-auth' | 'jwt-hs256' | 'jwt-rs256'

export const GUARDS: readonly Guard[] = ['plain', 'key-auth', 'jwt-hs256', 'jwt-rs256']

const MEBIBYTE = 1024 * 1024

export const SCENARIOS: readonly Scenario[] = [
  { name: 'plain', title: 'plain proxy', guard: 'plain', connections: 64, path: '/' },
  { name: 'key-auth', title: 'key-auth', guard: 'key-auth', connections: 64, path: '/' },
  {
    name: 'jwt-hs256',
    title: 'jwt HS256, one token',
    guard: 'jwt-hs256',
    connections: 64,
    path: '/',
  },
  {
    name: 'jwt-rs256',
    title: 'jwt RS256, one token',
    guard: 'jwt-rs256',
    connections: 64,
    path: '/',
  },
  {
    name: 'one-connection',
    title: 'plain, 1 connection',
    guard: 'plain',
    connections: 1,
    path: '/',
  },
  {
    name: 'many-connections',
    title: 'plain, 512 connections',
    guard: 'plain',
    connections: 512,
    path: '/',
  },
  {
    name: 'bulk-down',
    title: '1 MiB responses',
    guard: 'plain',
    connections: 8,
    path: '/bulk',
    bulkBytes: MEBIBYTE,
  },
  {
    name: 'bulk-up',
    title: '1 MiB requests',
    guard: 'plain',
    connections: 8,
    path: '/',
    uploadBytes: MEBIBYTE,
    bulkBytes: MEBIBYTE,
  },
]
