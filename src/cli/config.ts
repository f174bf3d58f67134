import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { systemText } from '../base/system-text.ts'
import type { Settings } from '../settings/settings.ts'
import { hasDatabase } from '../gateway/database-of.ts'
import { prefixLayout } from '../gateway/prefix-layout.ts'
import type { WriteFault } from '../store/store.ts'
import { cliSettings, runningSettings } from './cli-settings.ts'
import { CommandFault, type Call, type Command } from './command.ts'
import { EXAMPLE_CONFIG } from './example-config.ts'
import { makePrefixIfPossible } from './prefix-of.ts'

export const config: Command = {
  usage: `Usage: portunus config COMMAND [OPTIONS]

Use declarative configuration files with Kong.

The available commands are:
  init [<file>]                       Generate an example config file to
                                      get you started. If a filename
                                      is not given, ./kong.yml is used
                                      by default.

  db_import <file>                    Import a declarative config file into
                                      the Kong database.

  db_export [<file>]                  Export the Kong database into a
                                      declarative config file. If a filename
                                      is not given, ./kong.yml is used
                                      by default.

  parse <file>                        Parse a declarative config file (check
                                      its syntax) but do not load it into Kong.

Options:
 -c,--conf        (optional string)   Configuration file.
 -p,--prefix      (optional string)   Override prefix directory.
`,
  options: { conf: { short: 'c', takes: 'text' }, prefix: { short: 'p', takes: 'text' } },
  subcommands: ['init', 'parse', 'db_import', 'db-import', 'db_export'],

  async run(call) {
    const settings = settingsInForce(call)
    const { output } = call
    output.verbose(`prefix in use: ${settings.prefix}`)
    if (call.subcommand === 'init') return init(call)
    if (call.subcommand === 'parse') return parse(call, settings)
    const isExport = call.subcommand === 'db_export'
    if (!hasDatabase(settings)) throw withoutDatabase(isExport ? 'db_export' : 'db_import')
    return isExport ? exportTo(call, settings) : importFrom(call, settings)
  },
}

/** What the gateway in the prefix runs with counts for more than a file. */
function settingsInForce(call: Call): Settings {
  const settings = cliSettings(call)
  makePrefixIfPossible(settings, call.output)
  return existsSync(prefixLayout(settings.prefix).kongEnv) ? runningSettings(call) : settings
}

function init({ operands, workingDirectory }: Call): void {
  const file = path.resolve(workingDirectory, operands[0] ?? 'kong.yml')
  if (existsSync(file)) throw new CommandFault(`${file} already exists.\nWill not overwrite it.`)
  try {
    writeFileSync(file, EXAMPLE_CONFIG)
  } catch (error) {
    throw new CommandFault(`Cannot write ${file}: ${systemText(error as NodeJS.ErrnoException)}`)
  }
}

async function parse(call: Call, settings: Settings): Promise<void> {
  const { file, text } = readOperand(call)
  const { parseConfiguration } = await import('../gateway/parse-configuration.ts')
  const { faultLines, prettyErrors } = await import('../declarative/pretty-errors.ts')
  const parsed = await parseConfiguration(settings, { text, fileName: file })
  if (!parsed.ok) {
    // Scripts get Kong's words; a person also gets the places.
    const places = call.output.isInteractive ? `\n\n${faultLines(parsed, file)}` : ''
    throw new CommandFault(`Failed parsing:\n${prettyErrors(parsed)}${places}`)
  }
  call.output.info('parse successful')
}

async function importFrom(call: Call, settings: Settings): Promise<void> {
  const { file, text } = readOperand(call)
  const { importEntities } = await import('../gateway/transfer-entities.ts')
  const result = await importEntities(settings, { text, fileName: file }, () =>
    call.output.info('parse successful, beginning import'),
  )
  if (result.ok) {
    call.output.info('import successful')
    return
  }
  if ('fault' in result) throw new CommandFault(`Failed importing:\n${faultText(result.fault)}`)
  const { prettyErrors } = await import('../declarative/pretty-errors.ts')
  throw new CommandFault(`Failed parsing:\n${prettyErrors(result.refusal)}`)
}

function faultText(fault: WriteFault): string {
  switch (fault.fault) {
    case 'unique-violation':
      return `another one of "${fault.kind}" has ${JSON.stringify(fault.key)} already`
    case 'unavailable':
      return fault.detail
    case 'primary-key-taken':
    case 'foreign-key-missing':
    case 'referenced':
    case 'not-found':
    case 'read-only':
      return JSON.stringify(fault)
  }
}

async function exportTo(call: Call, settings: Settings): Promise<void> {
  const file = path.resolve(call.workingDirectory, call.operands[0] ?? 'kong.yml')
  if (existsSync(file)) throw new CommandFault(`${file} already exists. Will not overwrite it.`)
  const { exportEntities } = await import('../gateway/transfer-entities.ts')
  // It holds secrets.
  writeFileSync(file, await exportEntities(settings), { mode: 0o600 })
}

function readOperand({ operands: [given], workingDirectory }: Call): {
  readonly file: string
  readonly text: string
} {
  if (given === undefined)
    throw new CommandFault(
      'expected a declarative configuration file; see `portunus config --help`',
    )
  const file = path.resolve(workingDirectory, given)
  return { file, text: readConfig(file) }
}

function readConfig(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new CommandFault(
      `Failed parsing:\n${file}: ${systemText(error as NodeJS.ErrnoException)}`,
    )
  }
}

function withoutDatabase(subcommand: string): CommandFault {
  const remedy =
    subcommand === 'db_import'
      ? '\nWhen using database=off, reload your declarative configuration\nusing the /config endpoint.'
      : ''
  return new CommandFault(`'portunus config ${subcommand}' only works with a database.${remedy}`)
}
