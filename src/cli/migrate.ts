import { existsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { hasDatabase } from '../gateway/database-of.ts'
import type { KongMigration } from '../gateway/migrate-from-kong.ts'
import type { Settings } from '../settings/settings.ts'
import { cliSettings } from './cli-settings.ts'
import { CommandFault, textOption, type Call, type Command } from './command.ts'
import { migrationReport } from './migration-report.ts'
import { runMigrations } from './migrations.ts'
import { makePrefixIfPossible } from './prefix-of.ts'

/** Enough for a database that somebody else works on. */
const TIMEOUT_MS = 30_000

export const migrate: Command = {
  usage: `Usage: portunus migrate from-kong --pg-uri <uri> [OPTIONS]

Take over the configuration of a Kong 3.x from its PostgreSQL database, which
is only read: Kong may go on running. It is written into the database of this
gateway, or into a declarative file, and a report says what was taken, what was
skipped and why. Taking it over again brings what changed meanwhile.

Options:
 --pg-uri         (string)            Kong's database:
                                      postgres://user:password@host:port/database
                                      PGPASSWORD counts where it has no password.
 --pg-schema      (default public)    Kong's pg_schema.
 --workspace      (default default)   The workspace to take.
 -o,--output      (optional string)   Write a declarative file instead.
 --strict                             Write nothing where a row must be skipped.
 --dry-run                            Write nothing, only report.
 -c,--conf        (optional string)   Configuration file of this gateway.
 -p,--prefix      (optional string)   Override prefix directory.
`,
  options: {
    'pg-uri': { takes: 'text' },
    'pg-schema': { takes: 'text' },
    workspace: { takes: 'text' },
    output: { short: 'o', takes: 'text' },
    strict: {},
    'dry-run': {},
    conf: { short: 'c', takes: 'text' },
    prefix: { short: 'p', takes: 'text' },
  },
  subcommands: ['from-kong'],

  async run(call) {
    const uri = textOption(call, 'pg-uri')
    if (uri === undefined)
      throw new CommandFault('--pg-uri is required: postgres://user:password@host:port/database')
    const settings = cliSettings(call)
    const write = writerOf(call, settings)
    const { migrateFromKong } = await import('../gateway/migrate-from-kong.ts')
    const migration = await migrateFromKong(settings, {
      uri,
      schema: textOption(call, 'pg-schema') ?? 'public',
      workspace: textOption(call, 'workspace') ?? 'default',
      timeoutMs: TIMEOUT_MS,
    })
    for (const line of migrationReport(migration)) call.output.info(line)
    if (call.options['strict'] && migration.skipped.length > 0)
      throw new CommandFault('Nothing was written: --strict allows no row to be skipped')
    call.output.info(call.options['dry-run'] ? 'Nothing was written' : await write(migration))
  },
}

/** @returns writes, and says where to. @throws {CommandFault} when there is nowhere to write to */
function writerOf(call: Call, settings: Settings): (migration: KongMigration) => Promise<string> {
  const output = textOption(call, 'output')
  if (output !== undefined) {
    const file = path.resolve(call.workingDirectory, output)
    if (existsSync(file)) throw new CommandFault(`${file} already exists. Will not overwrite it.`)
    // It holds secrets.
    return async (migration) => {
      writeFileSync(file, migration.asFile(), { mode: 0o600, flag: 'wx' })
      return `Written to ${file}`
    }
  }
  if (!hasDatabase(settings) && !call.options['dry-run'])
    throw new CommandFault(
      'There is no database to write to: set database to sqlite or postgres, or name a declarative file with --output',
    )
  return (migration) => writeToDatabase(call, settings, migration)
}

async function writeToDatabase(
  call: Call,
  settings: Settings,
  migration: KongMigration,
): Promise<string> {
  makePrefixIfPossible(settings, call.output)
  if (settings.database === 'postgres') await runMigrations(call, settings)
  const result = await migration.write()
  if (result.ok) return `Written to the database (${settings.database})`
  const { fault } = result
  const why =
    fault.fault === 'unique-violation'
      ? `another one of "${fault.kind}" there has ${JSON.stringify(fault.key)} already`
      : fault.fault === 'unavailable'
        ? fault.detail
        : JSON.stringify(fault)
  throw new CommandFault(`Nothing was written: ${why}`)
}
