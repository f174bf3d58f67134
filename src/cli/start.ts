import path from 'node:path'
import { launchDaemon } from '../gateway/launch-daemon.ts'
import { prefixLayout, runningPid } from '../gateway/prefix-layout.ts'
import { StartFault } from '../gateway/start-fault.ts'
import type { Settings } from '../settings/settings.ts'
import { cliSettings } from './cli-settings.ts'
import { CommandFault, type Call, type Command, type OptionSpecs } from './command.ts'
import { makePrefix } from './prefix-of.ts'

export const START_OPTIONS: OptionSpecs = {
  conf: { short: 'c', takes: 'text' },
  prefix: { short: 'p', takes: 'text' },
  'nginx-conf': { takes: 'text' },
  'run-migrations': {},
  'db-timeout': { takes: 'number' },
  'lock-timeout': { takes: 'number' },
  'nginx-conf-flags': { takes: 'text' },
  foreground: { short: 'f' },
}

export const start: Command = {
  usage: `Usage: portunus start [OPTIONS]

Start Kong (Nginx and other configured services) in the configured
prefix directory.

Options:
 -c,--conf                 (optional string)   Configuration file.

 -p,--prefix               (optional string)   Override prefix directory.

 --nginx-conf              (optional string)   Custom Nginx configuration template.

 --run-migrations          (optional boolean)  Run migrations before starting.

 --db-timeout              (optional number)   Timeout, in seconds, for all database
                                               operations.

 --lock-timeout            (default 60)        When --run-migrations is enabled, timeout,
                                               in seconds, for nodes waiting on the
                                               leader node to finish running migrations.

 --nginx-conf-flags        (optional string)   Flags that can be used to control
                                               how Nginx configuration templates are rendered
`,
  ownUsage: `Of Portunus alone:
 portunus start kong.yml             serves this file, and follows it when it changes
 -f,--foreground                     stays in the foreground
`,
  options: START_OPTIONS,

  async run(call) {
    const settings = startSettings(call)
    const running = runningPid(settings.prefix)
    if (running !== undefined)
      throw new CommandFault(`Kong is already running in ${settings.prefix}`)
    await startWith(call, settings)
  },
}

/** What the images of Kong run. */
export const dockerStart: Command = {
  ...start,
  usage: start.usage.replace('portunus start', 'portunus docker-start'),
  run: (call) => start.run({ ...call, options: { ...call.options, foreground: true } }),
}

/** A file named on the command line is served as it is, without a database, and followed. */
export function startSettings(call: Call): Settings {
  const [file] = call.operands
  if (file === undefined) return cliSettings(call)
  const overrides = {
    database: 'off',
    declarative_config: path.resolve(call.workingDirectory, file),
  }
  return cliSettings(call, { defaults: { declarative_config_watch: 'on' }, overrides })
}

/** Starts the gateway, in the background unless it is told otherwise. */
export async function startWith(call: Call, settings: Settings): Promise<void> {
  makePrefix(settings, call.output)
  call.output.verbose(`prefix in use: ${settings.prefix}`)
  if (call.options['run-migrations'] && settings.database === 'postgres') {
    const { runMigrations } = await import('./migrations.ts')
    await runMigrations(call, settings)
  }
  if (call.options['foreground'] || settings.nginx_daemon === 'off') {
    await runInForeground(call, settings)
    return
  }
  await launchDaemon(settings).catch((error: unknown) => {
    throw call.output.isInteractive ? withRemedy(error, settings) : error
  })
  call.output.verbose(`pid file: ${prefixLayout(settings.prefix).pidFile}`)
  call.output.info('Kong started')
  // For people, who named a file; programs compare what is said.
  if (call.operands[0] !== undefined && call.output.isInteractive)
    await sayWhatIsServed(call, settings)
}

/** For people: Kong's words say what is wrong, and not what to do. */
function withRemedy(error: unknown, { declarative_config: file }: Settings): unknown {
  if (!(error instanceof StartFault)) return error
  if (error.message.startsWith('error parsing declarative config file'))
    return new StartFault(`${error.message}\n\n"portunus check ${file}" names the lines`)
  if (error.message.startsWith('PostgreSQL: '))
    return new StartFault(
      `${error.message}\n\nset pg_host and what else begins with pg_, or do without: ` +
        '"portunus start kong.yml" serves a file, KONG_DATABASE=sqlite needs no server',
    )
  return error
}

async function sayWhatIsServed({ output }: Call, settings: Settings): Promise<void> {
  const { readConfiguration } = await import('./read-configuration.ts')
  const { configurationLines } = await import('./summary.ts')
  const read = await readConfiguration(settings)
  for (const line of read === undefined ? [] : configurationLines(read)) output.note(line)
}

async function runInForeground(call: Call, settings: Settings): Promise<void> {
  const { runMaster } = await import('../gateway/run-master.ts')
  const { ended } = await runMaster({
    settings,
    environment: call.environment,
    readAgain: () => startSettings(call),
  })
  await ended
}
