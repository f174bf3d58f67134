import type { Settings } from '../settings/settings.ts'
import { postgresError, type PostgresConnection } from '../store/postgres-connection.ts'
import {
  migrate,
  migrationState,
  resetDatabase,
  type MigrationState,
} from '../store/postgres-migrations.ts'
import { cliSettings } from './cli-settings.ts'
import { CommandFault, numberOption, type Call, type Command } from './command.ts'

export const migrations: Command = {
  usage: `Usage: portunus migrations COMMAND [OPTIONS]

Manage database schema migrations.

The available commands are:
  bootstrap                         Bootstrap the database and run all
                                    migrations.

  up                                Run any new migrations.

  finish                            Finish running any pending migrations after
                                    'up'.

  list                              List executed migrations.

  reset                             Reset the database. The \`reset\` command erases all of the data in Kong's database and deletes all of the schemas.

  status                            Dump the database migration status in JSON format

Options:
 -y,--yes                           Assume "yes" to prompts and run
                                    non-interactively.

 -q,--quiet                         Suppress all output.

 -f,--force                         Run migrations even if database reports
                                    as already executed.

 --db-timeout     (optional number) Timeout, in seconds, for all database
                                    operations.


 --lock-timeout   (default 60)      Timeout, in seconds, for nodes waiting on
                                    the leader node to finish running
                                    migrations.

 -c,--conf        (optional string) Configuration file.

 -p,--prefix      (optional string)   Override prefix directory.

`,
  options: {
    yes: { short: 'y' },
    quiet: { short: 'q' },
    force: { short: 'f' },
    'db-timeout': { takes: 'number' },
    'lock-timeout': { takes: 'number' },
    conf: { short: 'c', takes: 'text' },
    prefix: { short: 'p', takes: 'text' },
  },
  subcommands: ['bootstrap', 'up', 'finish', 'list', 'reset', 'status'],

  async run(call) {
    const settings = cliSettings(call)
    if (settings.database !== 'postgres') return withoutDatabase(call)
    const connection = await connectionOf(settings, call)
    try {
      return await withPostgres(connection, call)
    } catch (error) {
      if (error instanceof CommandFault) throw error
      throw new CommandFault(postgresError(error).message)
    }
  },
}

/** Takes what migrations are outstanding, as `start --run-migrations` asks for. */
export async function runMigrations(call: Call, settings: Settings): Promise<void> {
  try {
    await migrate(await connectionOf(settings, call), lockTimeoutMs(call))
  } catch (error) {
    throw new CommandFault(postgresError(error).message)
  }
}

/** SQLite files are brought up to date when they are opened; without a database nothing is to do. */
const WITHOUT_DATABASE: Readonly<Record<string, string>> = {
  bootstrap: 'Database already bootstrapped',
  up: 'Database is already up-to-date',
  finish: 'No pending migrations to finish',
  status: '{}',
}

function withoutDatabase({ subcommand = '', options, output }: Call): void {
  if (subcommand === 'reset') throw new CommandFault('Database not bootstrapped, nothing to reset')
  const text = WITHOUT_DATABASE[subcommand]
  if (text !== undefined && !options['quiet']) output.info(text)
}

async function connectionOf(settings: Settings, call: Call): Promise<PostgresConnection> {
  const { postgresOf } = await import('../gateway/database-of.ts')
  const seconds = numberOption(call, 'db-timeout')
  const connection = postgresOf(settings)
  return seconds === undefined ? connection : { ...connection, timeoutMs: seconds * 1000 }
}

function lockTimeoutMs(call: Call): number | undefined {
  const seconds = numberOption(call, 'lock-timeout')
  return seconds === undefined ? undefined : seconds * 1000
}

interface Run {
  readonly connection: PostgresConnection
  readonly state: MigrationState
  readonly call: Call
  readonly say: (text: string) => void
}

async function withPostgres(connection: PostgresConnection, call: Call): Promise<number | void> {
  const say = (text: string): void => {
    if (!call.options['quiet']) call.output.info(text)
  }
  const state = await migrationState(connection)
  return SUBCOMMANDS[call.subcommand ?? '']?.({ connection, state, call, say })
}

const SUBCOMMANDS: Readonly<Record<string, (run: Run) => Promise<number | void> | number | void>> =
  { bootstrap, up, finish: ({ say }) => say(WITHOUT_DATABASE['finish']!), list, status, reset }

async function bootstrap(run: Run): Promise<void> {
  if (run.state.isBootstrapped) return run.say('Database already bootstrapped')
  run.say('Bootstrapping database...')
  await migrateAndSay(run)
}

async function up(run: Run): Promise<void> {
  const { state, say } = run
  if (!state.isBootstrapped)
    throw new CommandFault(
      "Cannot run migrations: database needs bootstrapping; run 'portunus migrations bootstrap'",
    )
  if (state.outstanding.length === 0) return say('Database is already up-to-date')
  await migrateAndSay(run)
}

async function migrateAndSay({ connection, call, say }: Run): Promise<void> {
  const taken = await migrate(connection, lockTimeoutMs(call))
  for (const name of taken) say(`portunus migrated up to: ${name} (executed)`)
  say(`${taken.length} migration${taken.length === 1 ? '' : 's'} processed`)
  say('Database is up-to-date')
}

/** Exit codes that scripts know: 0 up to date, 3 not bootstrapped, 5 new ones are there. */
function list({ state, say }: Run): number {
  if (!state.isBootstrapped) {
    say("Database needs bootstrapping; run 'portunus migrations bootstrap'")
    return 3
  }
  say(`Executed migrations:\nportunus: ${state.executed.join(', ')}`)
  if (state.outstanding.length === 0) return 0
  say(`\nNew migrations available:\nportunus: ${state.outstanding.join(', ')}`)
  return 5
}

function status({ state: { isBootstrapped, executed, outstanding }, say }: Run): void {
  const facts = {
    needs_bootstrap: !isBootstrapped,
    executed_migrations: isBootstrapped ? { portunus: executed } : {},
    new_migrations: outstanding.length > 0 ? { portunus: outstanding } : {},
  }
  say(JSON.stringify(facts))
}

/** Asks nobody: without a terminal nobody answers, and with one `--yes` is quickly typed. */
async function reset({ connection, state, call, say }: Run): Promise<void> {
  if (!state.isBootstrapped) throw new CommandFault('Database not bootstrapped, nothing to reset')
  if (!call.options['yes'])
    throw new CommandFault(
      'This deletes all entities of the database; run it again with --yes to confirm',
    )
  await resetDatabase(connection)
  say('Database successfully reset')
}
