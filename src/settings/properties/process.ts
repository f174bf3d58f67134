import { accepted, acceptedString, type PropertyTable } from '../property.ts'

/** How the process runs; several names are nginx's. */
export const PROCESS = {
  nginx_user: acceptedString,
  nginx_daemon: {
    type: 'string',
    default: 'on',
    oneOf: ['on', 'off'],
    description: '`off`: `start` stays in the foreground, as containers want it.',
  },
  nginx_worker_processes: {
    type: 'string',
    default: 'auto',
    description:
      'Worker threads that serve requests: a number, or `auto` for one a core. They count and cache in common.',
  },
  nginx_main_worker_rlimit_nofile: accepted('auto'),
  nginx_events_worker_connections: accepted('auto'),
  nginx_events_multi_accept: accepted('on'),
  worker_events_max_payload: accepted(65535),
  transport: {
    type: 'string',
    default: 'auto',
    oneOf: ['auto', 'fast', 'public'],
    isOwn: true,
    description:
      'How sockets are read and written: `public` keeps to the documented API of Node, `fast` skips layers of it, `auto` is `fast` where a self-test at start passes.',
  },
  graceful_timeout: {
    type: 'number',
    default: 30,
    min: 0,
    boundsMessage: 'graceful_timeout must be 0 or greater',
    isOwn: true,
    description: 'Seconds that requests in flight get to end after `quit`; 0: no limit.',
  },
  request_log: {
    type: 'string',
    default: 'off',
    oneOf: ['off', 'terse'],
    isOwn: true,
    description:
      '`terse`: one line a request for people, on standard output: time, path, status, and whom it was or why it was refused.',
  },
} as const satisfies PropertyTable
