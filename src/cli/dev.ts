import { existsSync } from 'node:fs'
import path from 'node:path'
import { cliSettings } from './cli-settings.ts'
import { CommandFault, type Call, type Command } from './command.ts'
import { runForPeople } from './run-for-people.ts'

/** What suits whoever writes a configuration; file, environment and options change it. */
export const DEV_DEFAULTS = {
  prefix: '.portunus',
  database: 'off',
  declarative_config_watch: 'on',
  declarative_config_writable: 'on',
  nginx_worker_processes: '1',
  request_log: 'terse',
  decision_records_sample: '1',
  proxy_access_log: 'off',
  admin_access_log: 'off',
  proxy_listen: '127.0.0.1:8000',
  admin_listen: '127.0.0.1:8001',
  admin_guard: 'required',
  status_listen: 'off',
  admin_gui_listen: 'off',
} as const

export const dev: Command = {
  usage: `Usage: portunus dev [<file>] [OPTIONS]

Serve a declarative configuration file, ./kong.yml by default, while you work
on it: in the foreground, reloaded whenever it is saved, one line a request.

Options:
 -c,--conf        (optional string)   Configuration file.
 -p,--prefix      (optional string)   Override prefix directory.
`,
  options: { conf: { short: 'c', takes: 'text' }, prefix: { short: 'p', takes: 'text' } },

  async run(call) {
    const file = configFile(call)
    await runForPeople(call, () =>
      cliSettings(call, { defaults: DEV_DEFAULTS, overrides: { declarative_config: file } }),
    )
  },
}

function configFile({ operands, workingDirectory }: Call): string {
  const file = path.resolve(workingDirectory, operands[0] ?? 'kong.yml')
  if (existsSync(file)) return file
  throw new CommandFault(
    `no file at: ${file}; "portunus config init" writes one to begin with, "portunus demo" shows one at work`,
  )
}
