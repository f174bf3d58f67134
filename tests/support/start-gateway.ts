import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LaunchReport } from '../../src/gateway/launch-daemon.ts'
import { preparePrefix } from '../../src/gateway/prefix-layout.ts'
import { readSettings } from '../../src/settings/read-settings.ts'

const MASTER = fileURLToPath(new URL('../../src/gateway/master-entry.ts', import.meta.url))

/**
 * A gateway in a process of its own, on ports the system chose, with a prefix that goes with it
 * unless the settings name one.
 */
export interface TestGateway extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` of the first proxy listener. */
  readonly url: string
  readonly port: number
  /** Of the stream listeners, in their order. */
  readonly streamPorts: readonly number[]
  /** Of the Admin API. */
  readonly adminUrl: string
  readonly prefix: string
  readonly process: ChildProcess
  /** Writes the declarative file anew; reloading is another matter. */
  writeConfig(config: string | object): void
  /** Writes the settings that the next SIGHUP takes. */
  writeSettings(settings: Readonly<Record<string, string>>): void
  signal(signal: NodeJS.Signals): void
  errorLog(): string
  /** Resolves with exit code or signal. */
  readonly ended: Promise<number | NodeJS.Signals | null>
}

/**
 * Starts a gateway and waits until it serves.
 *
 * @param config a declarative configuration: YAML, or an object
 * @param settings properties of `kong.conf`, e.g. `{ log_level: 'debug' }`
 * @throws when it does not start, with its own words
 */
export async function startGateway(
  config: string | object,
  settings: Readonly<Record<string, string>> = {},
): Promise<TestGateway> {
  const prefix = settings['prefix'] ?? mkdtempSync(path.join(os.tmpdir(), 'portunus-test-'))
  const removePrefix = (): void => {
    if (settings['prefix'] === undefined) rmSync(prefix, { recursive: true, force: true })
  }
  const file = path.join(prefix, 'kong.yml')
  writeFileSync(file, textOf(config))
  const defaults = {
    prefix,
    database: 'off',
    declarative_config: file,
    proxy_listen: '127.0.0.1:0',
    admin_listen: '127.0.0.1:0',
    status_listen: 'off',
    admin_gui_listen: 'off',
    proxy_access_log: 'off',
    admin_access_log: 'off',
    ...settings,
  }
  const writeSettings = (changed: Readonly<Record<string, string>>) => {
    const read = readSettings({ environment: {}, overrides: { ...defaults, ...changed } })
    if (!read.ok) throw new Error(read.problems.map(({ message }) => message).join('\n'))
    preparePrefix(read.settings)
  }
  writeSettings({})
  const child = spawn(process.execPath, [MASTER, prefix], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? code))
  })
  const report = await new Promise<LaunchReport>((resolve) => {
    child.once('message', (message) => resolve(message as LaunchReport))
    void ended.then((how) => resolve({ ok: false, message: `The gateway ended (${how})` }))
  })
  if (!report.ok) {
    removePrefix()
    throw new Error(report.message)
  }
  const [port = 0] = report.ports.proxy
  const errorLogFile = path.join(prefix, 'logs', 'error.log')
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    streamPorts: report.ports.stream,
    adminUrl: `http://127.0.0.1:${report.ports.admin[0]}`,
    prefix,
    process: child,
    writeConfig: (changed) => writeFileSync(file, textOf(changed)),
    writeSettings,
    signal: (signal) => void child.kill(signal),
    errorLog: () => (existsSync(errorLogFile) ? readFileSync(errorLogFile, 'utf8') : ''),
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended
      removePrefix()
    },
  }
}

/** JSON is YAML. */
function textOf(config: string | object): string {
  return typeof config === 'string' ? config : JSON.stringify(config)
}
