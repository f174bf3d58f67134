/** One way of loading the gateway. */
export interface Scenario {
  readonly name: string
  readonly title: string
  /** Which check stands before the upstream. */
  readonly guard: Guard
  readonly connections: number
  /** Path below the guard's route. */
  readonly path: string
  /** How it is reached; `http` unless said. */
  readonly door?: Door
  /** Tokens in turn: a thousand that come again and again, or so many that no cache holds one until it is back. */
  readonly tokens?: 'thousand' | 'new'
  /** Every request on a connection of its own. */
  readonly closes?: boolean
  /** Bytes of request body; absent for a GET. */
  readonly uploadBytes?: number
  /** Bulk is measured in bytes per CPU second instead of CPU time per request. */
  readonly bulkBytes?: number
  /** Those measured besides `portunus`; every contender that has the scenario's guard when absent. */
  readonly contenders?: readonly string[]
  /** What the scenario is there to show. */
  readonly targets: readonly Target[]
}

/** A line of the table of speeds: a figure of ours against one of another, in the same round. */
export interface Target {
  readonly figure: Figure
  /** Contender, and scenario unless it is the same. */
  readonly against: readonly [contender: string, scenario?: string]
  readonly of?: string
  readonly must: number
  readonly aim: number
}

/** `requests` and `bytes` are per CPU second, and better when higher; the others are better when lower. */
export type Figure = 'requests' | 'bytes' | 'p50' | 'p99' | 'cpu'

export type Guard = 'plain' | 'key-auth' | 'jwt-hs256' | 'jwt-rs256'

export type Door = 'http' | 'https' | 'h2'

export const GUARDS: readonly Guard[] = ['plain', 'key-auth', 'jwt-hs256', 'jwt-rs256']

const MEBIBYTE = 1024 * 1024

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'plain',
    title: 'plain proxy',
    guard: 'plain',
    connections: 64,
    path: '/',
    targets: [{ figure: 'requests', against: ['nginx'], must: 0.95, aim: 1.1 }],
  },
  {
    name: 'key-auth',
    title: 'key-auth',
    guard: 'key-auth',
    connections: 64,
    path: '/',
    targets: [{ figure: 'requests', against: ['nginx', 'plain'], must: 0.9, aim: 1.05 }],
  },
  {
    name: 'jwt-hs256',
    title: 'jwt HS256, 1,000 tokens reused',
    guard: 'jwt-hs256',
    connections: 64,
    path: '/',
    tokens: 'thousand',
    targets: [{ figure: 'requests', against: ['haproxy'], must: 1.1, aim: 1.3 }],
  },
  {
    name: 'jwt-hs256-new',
    title: 'jwt HS256, every token new',
    guard: 'jwt-hs256',
    connections: 64,
    path: '/',
    tokens: 'new',
    targets: [{ figure: 'requests', against: ['haproxy'], must: 0.9, aim: 1 }],
  },
  {
    name: 'jwt-rs256',
    title: 'jwt RS256, 1,000 tokens reused',
    guard: 'jwt-rs256',
    connections: 64,
    path: '/',
    tokens: 'thousand',
    targets: [{ figure: 'requests', against: ['haproxy'], must: 2, aim: 2.6 }],
  },
  {
    name: 'jwt-rs256-new',
    title: 'jwt RS256, every token new',
    guard: 'jwt-rs256',
    connections: 64,
    path: '/',
    tokens: 'new',
    targets: [{ figure: 'requests', against: ['haproxy'], must: 1, aim: 1.3 }],
  },
  {
    name: 'bulk-down',
    title: '1 MiB answers',
    guard: 'plain',
    connections: 8,
    path: '/bulk',
    bulkBytes: MEBIBYTE,
    targets: [{ figure: 'bytes', against: ['nginx'], must: 1, aim: 1.8 }],
  },
  {
    name: 'bulk-up',
    title: '1 MiB uploads',
    guard: 'plain',
    connections: 8,
    path: '/',
    uploadBytes: MEBIBYTE,
    bulkBytes: MEBIBYTE,
    targets: [{ figure: 'bytes', against: ['nginx'], must: 1, aim: 1.8 }],
  },
  {
    name: 'huge-down',
    title: '100 MiB answers',
    guard: 'plain',
    connections: 4,
    path: '/huge',
    bulkBytes: 100 * MEBIBYTE,
    targets: [{ figure: 'bytes', against: ['nginx'], must: 1, aim: 1.8 }],
  },
  {
    name: 'huge-up',
    title: '100 MiB uploads',
    guard: 'plain',
    connections: 4,
    path: '/',
    uploadBytes: 100 * MEBIBYTE,
    bulkBytes: 100 * MEBIBYTE,
    targets: [{ figure: 'bytes', against: ['nginx'], must: 1, aim: 1.8 }],
  },
  {
    name: 'one-connection',
    title: 'latency at 1 connection',
    guard: 'plain',
    connections: 1,
    path: '/',
    targets: [
      { figure: 'p50', against: ['nginx'], must: 1.15, aim: 1 },
      { figure: 'p99', against: ['nginx'], must: 1.15, aim: 1 },
    ],
  },
  {
    name: 'many-connections',
    title: '512 connections',
    guard: 'plain',
    connections: 512,
    path: '/',
    targets: [{ figure: 'p99', against: ['nginx'], must: 1.3, aim: 1 }],
  },
  {
    name: 'tls',
    title: 'TLS in, kept alive',
    guard: 'plain',
    door: 'https',
    connections: 64,
    path: '/',
    targets: [{ figure: 'requests', against: ['nginx'], must: 0.6, aim: 0.9 }],
  },
  {
    name: 'handshakes',
    title: 'TLS handshakes',
    guard: 'plain',
    door: 'https',
    closes: true,
    connections: 64,
    path: '/',
    targets: [{ figure: 'requests', against: ['nginx'], must: 0.7, aim: 1 }],
  },
  {
    name: 'h2',
    title: 'HTTP/2 in, HTTP/1.1 out',
    guard: 'plain',
    door: 'h2',
    connections: 64,
    path: '/',
    targets: [{ figure: 'requests', against: ['nginx'], must: 0.5, aim: 0.8 }],
  },
  {
    name: 'access-log',
    title: 'access log on both sides',
    guard: 'plain',
    connections: 64,
    path: '/',
    contenders: ['nginx-logging', 'portunus-logging'],
    targets: [
      {
        figure: 'requests',
        of: 'portunus-logging',
        against: ['nginx-logging'],
        must: 0.95,
        aim: 1.2,
      },
    ],
  },
  {
    name: 'decisions',
    title: 'decisions recorded, against not, jwt HS256',
    guard: 'jwt-hs256',
    connections: 64,
    path: '/',
    tokens: 'thousand',
    contenders: ['portunus', 'portunus-unrecorded'],
    targets: [
      {
        figure: 'requests',
        of: 'portunus',
        against: ['portunus-unrecorded'],
        must: 0.98,
        aim: 1,
      },
    ],
  },
  {
    name: 'upstream-http2',
    title: 'HTTP/2 to the upstream, CPU against HTTP/1.1',
    guard: 'plain',
    connections: 64,
    path: '/',
    contenders: ['portunus', 'portunus-http2'],
    targets: [{ figure: 'cpu', of: 'portunus-http2', against: ['portunus'], must: 1.2, aim: 0.85 }],
  },
  {
    name: 'large',
    title: '10,000 routes and consumers, against 1 route',
    guard: 'plain',
    connections: 64,
    path: '/',
    contenders: ['portunus', 'portunus-large'],
    targets: [
      {
        figure: 'requests',
        of: 'portunus-large',
        against: ['portunus'],
        must: 0.95,
        aim: 1,
      },
    ],
  },
  {
    name: 'two-workers',
    title: 'two workers on two cores, CPU against one',
    guard: 'plain',
    connections: 64,
    path: '/',
    contenders: ['portunus', 'portunus-two'],
    targets: [{ figure: 'cpu', of: 'portunus-two', against: ['portunus'], must: 1.15, aim: 1 }],
  },
]
