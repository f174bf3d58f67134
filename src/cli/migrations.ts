import { cliSettings } from './cli-settings.ts'
import { CommandFault, type Call, type Command } from './command.ts'

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
    const { database } = cliSettings(call)
    if (database === 'postgres')
      throw new CommandFault(
        'database = postgres is not available yet: set database = off and name a declarative_config',
      )
    return withoutDatabase(call)
  },
}

/** Without a database all migrations count as executed, since start scripts run them blindly. */
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
