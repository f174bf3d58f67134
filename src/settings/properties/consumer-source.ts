import type { PropertyTable } from '../property.ts'

const QUERY_COLUMNS =
  'columns are those of the credential, those of its consumer as `consumer_…` (`consumer_username`, `consumer_custom_id`, `consumer_id`), and `groups`'

/** Where consumers and credentials are that the configuration does not have. */
export const CONSUMER_SOURCE = {
  consumer_source: {
    type: 'string',
    isSecret: true,
    isOwn: true,
    description:
      'Where consumers and credentials are looked up that the configuration does not have: `postgres://user:password@host/database`, the `https://` address of a server, or a TypeScript or JavaScript file that exports `findConsumer`.',
  },
  consumer_source_token: {
    type: 'string',
    isSecret: true,
    isOwn: true,
    description: 'Sent to the server of `consumer_source` as a bearer token.',
  },
  consumer_source_query_jwt_secrets: {
    type: 'string',
    isOwn: true,
    description: `For PostgreSQL: the query for the credential of \`jwt\` whose \`key\` is \`$1\`; ${QUERY_COLUMNS}.`,
  },
  consumer_source_query_keyauth_credentials: {
    type: 'string',
    isOwn: true,
    description: 'For PostgreSQL: the query for the credential of `key-auth` whose `key` is `$1`.',
  },
  consumer_source_query_basicauth_credentials: {
    type: 'string',
    isOwn: true,
    description:
      'For PostgreSQL: the query for the credential of `basic-auth` whose `username` is `$1`.',
  },
  consumer_source_query_hmacauth_credentials: {
    type: 'string',
    isOwn: true,
    description:
      'For PostgreSQL: the query for the credential of `hmac-auth` whose `username` is `$1`.',
  },
  consumer_source_query_consumers: {
    type: 'string',
    isOwn: true,
    description:
      'For PostgreSQL: the query for the consumer that has the value `$1` in the field named `$2`: `username`, `custom_id` or `id`.',
  },
  consumer_source_ttl: {
    type: 'number',
    default: 60,
    min: 0,
    boundsMessage: 'consumer_source_ttl must be at least 0',
    isOwn: true,
    description: 'Seconds for which what was found is used before it is looked up again.',
  },
  consumer_source_neg_ttl: {
    type: 'number',
    default: 10,
    min: 0,
    boundsMessage: 'consumer_source_neg_ttl must be at least 0',
    isOwn: true,
    description: 'Seconds for which what was not found is not looked up again.',
  },
  consumer_source_stale_ttl: {
    type: 'number',
    default: 300,
    min: 0,
    boundsMessage: 'consumer_source_stale_ttl must be at least 0',
    isOwn: true,
    description:
      'Seconds for which what was found is used beyond its time while the source does not answer.',
  },
  consumer_source_size: {
    type: 'number',
    default: 10_000,
    min: 2,
    boundsMessage: 'consumer_source_size must be at least 2',
    isOwn: true,
    description:
      'Most credentials and consumers that one worker remembers, and most values that nobody has.',
  },
  consumer_source_timeout: {
    type: 'number',
    default: 2000,
    min: 1,
    boundsMessage: 'consumer_source_timeout must be at least 1',
    isOwn: true,
    description: 'Milliseconds to wait for an answer of the source.',
  },
  consumer_source_questions: {
    type: 'number',
    default: 256,
    min: 1,
    boundsMessage: 'consumer_source_questions must be at least 1',
    isOwn: true,
    description:
      'Most look-ups of one worker on their way at a time; further requests that need one are answered 503.',
  },
  consumer_source_misses_per_client: {
    type: 'number',
    default: 300,
    min: 0,
    boundsMessage: 'consumer_source_misses_per_client must be at least 0',
    isOwn: true,
    description:
      'Most look-ups in vain in a minute, in one worker, of one client address (of IPv6 the first 64 bits); what it brings beyond that is not looked up and answered 503. `0`: any number.',
  },
  consumer_source_misses: {
    type: 'number',
    default: 6000,
    min: 0,
    boundsMessage: 'consumer_source_misses must be at least 0',
    isOwn: true,
    description:
      'The same of all clients together, but for those from whose address somebody was found within an hour. `0`: any number.',
  },
  consumer_source_connections: {
    type: 'number',
    default: 4,
    min: 1,
    boundsMessage: 'consumer_source_connections must be at least 1',
    isOwn: true,
    description: 'For PostgreSQL: most connections of one worker.',
  },
} as const satisfies PropertyTable
