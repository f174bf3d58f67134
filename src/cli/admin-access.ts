import { existsSync } from 'node:fs'
import path from 'node:path'
import { prefixLayout } from '../gateway/prefix-layout.ts'
import type { Settings } from '../settings/settings.ts'
import { runningSettings } from './cli-settings.ts'
import { CommandFault, textOption, type Call } from './command.ts'
import { DEV_DEFAULTS } from './dev.ts'

/** How the Admin API of the running gateway is called. */
export interface AdminAccess {
  /** Without a slash at the end. */
  readonly url: string
  /** The token that it asks for, if it asks for one. */
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Where the Admin API is: what `--admin` says, else what the gateway in the prefix was started with.
 * One that `dev` or `demo` runs in this folder comes first. Its token is that of the settings, or with
 * `--admin` that of the environment.
 *
 * @throws {CommandFault} when no gateway was ever started there, or it has no plain Admin API
 */
export function adminAccess(call: Call): AdminAccess {
  const given = textOption(call, 'admin')
  if (given !== undefined) {
    const { PORTUNUS_ADMIN_TOKEN: own, KONG_ADMIN_TOKEN: token = own } = call.environment
    return { url: given.replace(/\/+$/, ''), headers: bearer(token) }
  }
  const settings = settingsOf(call)
  const listener = settings.listeners.admin.find(({ ssl }) => !ssl)
  if (listener === undefined)
    throw new CommandFault('admin_listen has no address without ssl: name one with --admin')
  const { ip, port } = listener
  const host = ip === '0.0.0.0' ? '127.0.0.1' : ip.includes(':') ? `[${ip}]` : ip
  return { url: `http://${host}:${port}`, headers: bearer(settings.admin_token) }
}

function bearer(token: string | undefined): Readonly<Record<string, string>> {
  return token ? { authorization: `Bearer ${token}` } : {}
}

/** Why a call of the Admin API got no answer at all. */
export function unreachable({ url }: AdminAccess, error: unknown): CommandFault {
  const { cause, message } = error as Error
  const why = cause instanceof Error ? cause.message : message
  return new CommandFault(`could not reach the Admin API at ${url}: ${why}`)
}

function settingsOf(call: Call): Settings {
  const local = path.resolve(call.workingDirectory, DEV_DEFAULTS.prefix)
  const isLocal =
    textOption(call, 'prefix') === undefined && existsSync(prefixLayout(local).kongEnv)
  return runningSettings(isLocal ? { ...call, options: { ...call.options, prefix: local } } : call)
}
