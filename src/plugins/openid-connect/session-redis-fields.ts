import { record, string, type Field, type Shorthand } from '../../schema/field.ts'
import { SESSION_PREFIX } from './completed-config.ts'
import { REDIS_RECORD_FIELDS } from './redis-record.ts'

const FIELDS = {
  ...REDIS_RECORD_FIELDS,
  prefix: string({
    description: 'What the keys of sessions begin with, before a colon.',
    len_min: 1,
    default: SESSION_PREFIX,
  }),
  socket: string({
    description: 'The path of a unix socket, in place of `host` and `port`.',
    starts_with: '/',
  }),
} as const

/** Where sessions are kept that are not in cookies. */
export const sessionRedisFields = {
  redis: record(FIELDS, {
    description: 'The Redis of `session_storage: redis`.',
    required: true,
  }),
} as const

const SHORT = [
  'prefix',
  'socket',
  'host',
  'port',
  'username',
  'password',
  'connect_timeout',
  'read_timeout',
  'send_timeout',
  'ssl',
  'ssl_verify',
  'server_name',
  'cluster_nodes',
  'cluster_max_redirections',
] as const

/** The names that these fields had before they stood in a record; still accepted, and shown. */
export const sessionRedisShorthands: Readonly<Record<string, Shorthand>> = Object.fromEntries(
  SHORT.map((name) => [`session_redis_${name}`, shorthandOf(name)]),
)

function shorthandOf(name: (typeof SHORT)[number]): Shorthand {
  const { type, referenceable, encrypted }: Field = FIELDS[name]
  return {
    field: {
      type,
      ...(referenceable === true && { referenceable }),
      ...(encrypted === true && { encrypted }),
      deprecation: {
        message: `openid-connect: config.session_redis_${name} is deprecated, please use config.redis.${name} instead`,
        removal_in_version: '4.0',
        replaced_with: [{ path: ['redis', name] }],
      },
    } as Field,
  }
}
