import { existsSync } from 'node:fs'
import path from 'node:path'
import { cliSettings } from './cli-settings.ts'
import type { ServedIssuer } from '../dev-issuer/serve-issuer.ts'
import { CommandFault, numberOption, type Call, type Command } from './command.ts'
import { startDevIssuer, tokenCommand, tokenNeeds } from './dev-issuer.ts'
import type { Store } from '../store/store.ts'
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
With --issuer an OpenID provider runs beside it, for the "issuers" of the
plugin jwt and for openid-connect: anybody may log in there as anybody.

Options:
 -c,--conf        (optional string)   Configuration file.
 -p,--prefix      (optional string)   Override prefix directory.
 --issuer         (optional boolean)  Run an issuer for development.
 --issuer-port    (default 8010)      Its port; its name has it.
`,
  options: {
    conf: { short: 'c', takes: 'text' },
    prefix: { short: 'p', takes: 'text' },
    issuer: {},
    'issuer-port': { takes: 'number' },
  },

  async run(call) {
    const file = configFile(call)
    const issuer = await issuerOf(call)
    try {
      await runForPeople(
        call,
        () =>
          cliSettings(call, { defaults: DEV_DEFAULTS, overrides: { declarative_config: file } }),
        ({ store }) => (issuer === undefined ? [] : issuerLines(issuer.url, store)),
      )
    } finally {
      issuer?.close()
    }
  },
}

const DEFAULT_ISSUER_PORT = 8010

async function issuerOf(call: Call): Promise<ServedIssuer | undefined> {
  const port = numberOption(call, 'issuer-port')
  if (!call.options['issuer'] && port === undefined) return undefined
  return startDevIssuer(port ?? DEFAULT_ISSUER_PORT, '--issuer-port names another one')
}

function issuerLines(url: string, store: Store): readonly string[] {
  return [
    '',
    `  Issuer   ${url}  (for development: log in there as anybody)`,
    `  Token    ${tokenCommand(url, tokenNeeds(store, url))}`,
  ]
}

function configFile({ operands, workingDirectory }: Call): string {
  const file = path.resolve(workingDirectory, operands[0] ?? 'kong.yml')
  if (existsSync(file)) return file
  throw new CommandFault(
    `no file at: ${file}; "portunus config init" writes one to begin with, "portunus demo" shows one at work`,
  )
}
