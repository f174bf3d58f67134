import { existsSync } from 'node:fs'
import { postgresOf, sqliteFileOf } from '../gateway/database-of.ts'
import type { Settings } from '../settings/settings.ts'
import { postgresError, type PostgresConnection } from '../store/postgres-connection.ts'
import {
  migrate,
  migrationState,
  resetDatabase,
  type MigrationState,
} from '../store/postgres-migrations.ts'
import { repairSqliteFile, resetSqliteFile } from '../store/sqlite-upkeep.ts'
import { cliSettings } from './cli-settings.ts'
import { CommandFault, numberOption, type Call, type Command } from './command.ts'
import { resetWith, sayTo } from './reset-database.ts'

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
    if (settings.database !== 'postgres') return withoutPostgres(call, settings)
    const connection = connectionOf(settings, call)
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
    await migrate(connectionOf(settings, call), { lockTimeoutMs: lockTimeoutMs(call) })
  } catch (error) {
    throw new CommandFault(postgresError(error).message)
  }
}

/** SQLite files are brought up to date when they are opened; without a database nothing is to do. */
const WITHOUT_STEPS: Readonly<Record<string, string>> = {
  bootstrap: 'Database already bootstrapped',
  up: 'Database is already up-to-date',
  finish: 'No pending migrations to finish',
  status: '{}',
}

async function withoutPostgres(call: Call, settings: Settings): Promise<number | void> {
  const { subcommand = '', options } = call
  const file = sqliteFileOf(settings)
  const isThere = settings.database === 'sqlite' && existsSync(file)
  if (subcommand === 'reset')
    return resetWith(call, isThere, () => changeSqlite(resetSqliteFile, file))
  if (isThere && options['force'] && (subcommand === 'up' || subcommand === 'finish'))
    return changeSqlite(repairSqliteFile, file)
  const text = WITHOUT_STEPS[subcommand]
  if (text !== undefined) sayTo(call)(text)
}

async function changeSqlite(change: (file: string) => void, file: string): Promise<void> {
  try {
    change(file)
  } catch (error) {
    throw new CommandFault((error as Error).message)
  }
}

function connectionOf(settings: Settings, call: Call): PostgresConnection {
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
  const state = await migrationState(connection)
  return SUBCOMMANDS[call.subcommand ?? '']?.({ connection, state, call, say: sayTo(call) })
}

const SUBCOMMANDS: Readonly<Record<string, (run: Run) => Promise<number | void> | number | void>> =
  { bootstrap, up, finish, list, status, reset }

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
  if (state.outstanding.length === 0 && !isForced(run)) return say('Database is already up-to-date')
  await migrateAndSay(run)
}

/** Steps are whole, so nothing is ever pending; forced, all are taken again. */
async function finish(run: Run): Promise<void> {
  const { state, say } = run
  if (!state.isBootstrapped)
    throw new CommandFault("Cannot run migrations; run 'portunus migrations bootstrap' instead")
  if (isForced(run)) return migrateAndSay(run)
  if (state.outstanding.length > 0)
    return say("\nNew migrations available; run 'portunus migrations up' to proceed")
  say('No pending migrations to finish')
}

function isForced({ call }: Run): boolean {
  return call.options['force'] !== undefined
}

async function migrateAndSay(run: Run): Promise<void> {
  const { connection, call, say } = run
  const taken = await migrate(connection, {
    lockTimeoutMs: lockTimeoutMs(call),
    isForced: isForced(run) && call.subcommand !== 'bootstrap',
  })
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
  say("\nRun 'portunus migrations up' to proceed")
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

function reset({ connection, state, call }: Run): Promise<number> {
  return resetWith(call, state.isBootstrapped, () => resetDatabase(connection))
}
