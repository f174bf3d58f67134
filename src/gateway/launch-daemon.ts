import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { belowPrefix } from '../settings/present-settings.ts'
import type { Settings } from '../settings/settings.ts'
import { nodeFlags } from './node-flags.ts'
import { StartFault } from './start-fault.ts'
import type { Gateway } from './start.ts'

/** What the new process says once it serves, or cannot. */
export type LaunchReport =
  | { readonly ok: true; readonly ports: Gateway['ports'] }
  | { readonly ok: false; readonly message: string }

/**
 * Starts the gateway as a process of its own, which outlives this one, and waits until it serves.
 *
 * @throws {StartFault} saying why it does not; it has ended then
 */
export async function launchDaemon(settings: Settings): Promise<number> {
  const isSource = import.meta.url.endsWith('.ts')
  const entry = new URL(isSource ? 'master-entry.ts' : 'master-entry.js', import.meta.url)
  const errorLog = belowPrefix(settings.prefix, settings.proxy_error_log)
  const stderr = errorLog.startsWith('/dev/') ? 'inherit' : openLog(errorLog)
  const findingModules = isSource
    ? []
    : ['--import', new URL('own-modules.js', import.meta.url).href]
  const words = [...nodeFlags(), ...findingModules, fileURLToPath(entry), settings.prefix]
  const child = spawn(process.execPath, words, {
    detached: true,
    stdio: ['ignore', writesTo(settings, '/dev/stdout') ? 'inherit' : 'ignore', stderr, 'ipc'],
  })
  if (typeof stderr === 'number') closeSync(stderr)
  const report = await new Promise<LaunchReport>((resolve, reject) => {
    child.once('message', (message) => resolve(message as LaunchReport))
    child.once('error', reject)
    child.once('exit', (code, signal) =>
      resolve({
        ok: false,
        message: `the gateway ended at once (${signal ?? code}): see ${errorLog}`,
      }),
    )
  })
  child.unref()
  if (!report.ok) throw new StartFault(report.message)
  return child.pid!
}

function openLog(file: string): number | 'ignore' {
  if (file === 'off') return 'ignore'
  try {
    return openSync(file, 'a')
  } catch {
    // The new process says so, with the reason.
    return 'ignore'
  }
}

/** Only then does the new process keep our standard output, for which pipes would wait. */
function writesTo(settings: Settings, device: string): boolean {
  const { proxy_access_log, admin_access_log, status_access_log, request_log } = settings
  const { proxy_stream_access_log } = settings
  const isAsked = [
    proxy_access_log,
    proxy_stream_access_log,
    admin_access_log,
    status_access_log,
  ].some((log) => log.startsWith(device))
  return isAsked || request_log === 'terse'
}
