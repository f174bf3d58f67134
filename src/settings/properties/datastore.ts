import { accepted, acceptedNumber, type PropertyTable } from '../property.ts'

/** Where entities come from and live. */
export const DATASTORE = {
  database: {
    type: 'string',
    default: 'postgres',
    oneOf: ['postgres', 'cassandra', 'off'],
    alsoOneOf: ['sqlite', 'memory'],
    description:
      '`postgres`; `sqlite`: one file, for one machine; `off`: a declarative file, not writable; `memory`: writable and gone with the process, for development.',
  },
  sqlite_file: {
    type: 'string',
    default: 'portunus.db',
    isOwn: true,
    description: 'File of `database = sqlite`, below the prefix unless it is an absolute path.',
  },
  pg_host: { type: 'string', default: '127.0.0.1', description: 'Host of PostgreSQL.' },
  pg_port: { type: 'number', default: 5432, description: 'Port of PostgreSQL.' },
  pg_timeout: {
    type: 'number',
    default: 5000,
    description: 'Milliseconds to wait for PostgreSQL.',
  },
  pg_user: { type: 'string', default: 'kong', description: 'User at PostgreSQL.' },
  pg_password: { type: 'string', isSecret: true, description: 'Password at PostgreSQL.' },
  pg_database: { type: 'string', default: 'kong', description: 'Database at PostgreSQL.' },
  pg_schema: { type: 'string', description: 'Schema in that database.' },
  pg_ssl: {
    type: 'boolean',
    default: false,
    description: 'Whether PostgreSQL is spoken to over TLS.',
  },
  pg_ssl_verify: {
    type: 'boolean',
    default: false,
    description: 'Whether its certificate is checked, by `lua_ssl_trusted_certificate`.',
  },
  pg_max_concurrent_queries: {
    type: 'number',
    default: 0,
    description:
      'Most connections with queries at a time; 0: as many as are needed, which is never more than two, and one that listens.',
  },
  pg_semaphore_timeout: accepted(60000),
  pg_keepalive_timeout: {
    type: 'number',
    description: 'Milliseconds that a connection without a query is kept; a minute when not set.',
  },
  pg_pool_size: { type: 'number', description: 'Most connections that are kept for queries.' },
  pg_backlog: acceptedNumber,
  pg_ro_host: {
    type: 'string',
    description:
      'Host of a read-only replica, from which a node reads everything when it starts; the rest comes from `pg_host`. The other `pg_ro_` properties are those of PostgreSQL where they are not set.',
  },
  pg_ro_port: { type: 'number', description: 'Port of the replica.' },
  pg_ro_timeout: { type: 'number', description: 'Milliseconds to wait for the replica.' },
  pg_ro_user: { type: 'string', description: 'User at the replica.' },
  pg_ro_password: { type: 'string', isSecret: true, description: 'Password at the replica.' },
  pg_ro_database: { type: 'string', description: 'Database at the replica.' },
  pg_ro_schema: { type: 'string', description: 'Schema at the replica.' },
  pg_ro_ssl: {
    type: 'boolean',
    default: false,
    description: 'Whether the replica is spoken to over TLS; with `pg_ssl` it always is.',
  },
  pg_ro_ssl_verify: {
    type: 'boolean',
    default: false,
    description: 'Whether its certificate is checked; with `pg_ssl_verify` it always is.',
  },
  pg_ro_max_concurrent_queries: acceptedNumber,
  pg_ro_semaphore_timeout: acceptedNumber,
  pg_ro_keepalive_timeout: acceptedNumber,
  pg_ro_pool_size: acceptedNumber,
  pg_ro_backlog: acceptedNumber,
  declarative_config: {
    type: 'string',
    description: 'File with the entities, YAML or JSON; for `database = off`.',
  },
  declarative_config_string: {
    type: 'string',
    isSecret: true,
    description: 'The entities themselves, YAML or JSON; for `database = off`. A file wins.',
  },
  declarative_config_watch: {
    type: 'boolean',
    default: false,
    isOwn: true,
    description:
      'Whether a change of the file `declarative_config` is put in force at once. A faulty file changes nothing.',
  },
  declarative_config_writable: {
    type: 'boolean',
    default: false,
    isOwn: true,
    description:
      'Whether the Admin API may write entities without a database: they are saved in the file `declarative_config`, whose comments and order are kept.',
  },
  lmdb_environment_path: accepted('dbless.lmdb'),
  lmdb_map_size: accepted('2048m'),
  db_update_frequency: {
    type: 'number',
    default: 5,
    description:
      'Seconds between looks for changes by other nodes, should word of them be lost; one second when this is more.',
  },
  db_update_propagation: accepted(0),
  db_cache_ttl: accepted(0),
  db_cache_neg_ttl: acceptedNumber,
  db_resurrect_ttl: accepted(30),
  db_cache_warmup_entities: accepted(['services']),
  worker_consistency: {
    type: 'string',
    default: 'eventual',
    oneOf: ['strict', 'eventual'],
    description: 'Changes are served as soon as they are compiled, whatever this says.',
    hasNoEffect: true,
  },
  worker_state_update_frequency: accepted(5),
} as const satisfies PropertyTable
