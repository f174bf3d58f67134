import { existsSync } from 'node:fs'
import path from 'node:path'
import { prefixLayout } from '../gateway/prefix-layout.ts'
import type { Settings } from '../settings/settings.ts'
import { runningSettings } from './cli-settings.ts'
import { CommandFault, textOption, type Call, type OptionSpecs } from './command.ts'
import { DEV_DEFAULTS } from './dev.ts'

/** Options that say which gateway is meant. */
export const ADMIN_OPTIONS: OptionSpecs = {
  admin: { takes: 'text' },
  prefix: { short: 'p', takes: 'text' },
}

export const ADMIN_USAGE = ` --admin          (optional string)   Address of the Admin API; its token, if it
                                      asks for one, in KONG_ADMIN_TOKEN.
 -p,--prefix      (optional string)   Prefix the gateway is running at.
`

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

/**
 * Asks the Admin API.
 *
 * @param body sent as JSON by POST; without it the request is a GET
 * @returns the answer's JSON, if there is any
 * @throws {CommandFault} for every answer but a good one, with its message
 */
export async function askAdmin(
  access: AdminAccess,
  target: string,
  body?: object,
): Promise<unknown> {
  const { url, headers } = access
  const init =
    body === undefined
      ? { headers }
      : {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }
  const response = await fetch(url + target, init).catch((error: unknown) => {
    throw unreachable(access, error)
  })
  if (response.status === 204) return undefined
  if (response.ok) return response.json()
  const { message } = (await response.json().catch(() => ({}))) as { readonly message?: string }
  if (response.status === 404 && message === 'Not found')
    throw new CommandFault(`the Admin API knows no ${target}`)
  const said = message === undefined ? '' : `: ${message}`
  throw new CommandFault(`the Admin API answered ${response.status} to ${target}${said}`)
}

function settingsOf(call: Call): Settings {
  const local = path.resolve(call.workingDirectory, DEV_DEFAULTS.prefix)
  const isLocal =
    textOption(call, 'prefix') === undefined && existsSync(prefixLayout(local).kongEnv)
  return runningSettings(isLocal ? { ...call, options: { ...call.options, prefix: local } } : call)
}
