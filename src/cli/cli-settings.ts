import { accessSync, constants, existsSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { environmentVault } from '../secrets/environment-vault.ts'
import { DEFAULT_SECRETS_FOLDER, fileVault } from '../secrets/file-vault.ts'
import { secretResolver } from '../secrets/resolve.ts'
import { prefixLayout } from '../gateway/prefix-layout.ts'
import { readSettings } from '../settings/read-settings.ts'
import type { Settings, SettingsProblem, SettingsResult } from '../settings/settings.ts'
import { CommandFault, textOption, type Call } from './command.ts'
import type { Output } from './output.ts'

export interface CliSettingsOptions {
  /** What this command has instead of the built-in defaults. */
  readonly defaults?: Readonly<Record<string, string>>
  /** As strong as the command line. */
  readonly overrides?: Readonly<Record<string, string>>
  /** Nothing is said about what is merely suspicious. */
  readonly isQuiet?: boolean
}

/**
 * The settings a command works with, from `--conf`, the environment and `--prefix`.
 *
 * @throws {CommandFault} naming the first problem
 */
export function cliSettings(call: Call, options: CliSettingsOptions = {}): Settings {
  const result = readCliSettings(call, options)
  if (!options.isQuiet) for (const warning of result.warnings) call.output.warn(warning)
  if (result.ok) return result.settings
  throw new CommandFault(describeProblem(result.problems[0]!, call.output))
}

/** As {@link cliSettings}, with everything that is wrong. */
export function readCliSettings(
  call: Call,
  { defaults = {}, overrides = {} }: CliSettingsOptions = {},
): SettingsResult {
  const { environment } = call
  return readSettings({
    confPath: textOption(call, 'conf'),
    defaults: withUsablePrefix(defaults),
    environment,
    overrides: { prefix: textOption(call, 'prefix'), ...overrides },
    resolveReference: referencesFrom(environment),
  })
}

/**
 * What the gateway in the prefix was started with.
 *
 * @throws {CommandFault} when nothing was ever started there
 */
export function runningSettings(call: Call): Settings {
  const { prefix } = cliSettings(call, { isQuiet: true })
  if (!existsSync(prefix)) throw new CommandFault(`no such prefix: ${prefix}`)
  const result = readSettings({
    confPath: prefixLayout(prefix).kongEnv,
    environment: {},
    overrides: { prefix },
    resolveReference: referencesFrom(call.environment),
  })
  if (result.ok) return result.settings
  throw new CommandFault(result.problems[0]!.message)
}

/** Kong's text; where it stands is added for people, and left out for programs that compare texts. */
export function describeProblem({ message, origin }: SettingsProblem, output: Output): string {
  const isShown = origin !== undefined && (output.isInteractive || output.verbosity !== 'plain')
  return isShown ? `${message}\n  at ${origin}` : message
}

function referencesFrom(environment: Call['environment']) {
  const { PORTUNUS_VAULT_FILE_FOLDER: own, KONG_VAULT_FILE_FOLDER: other } = environment
  const resolver = secretResolver(
    new Map([
      ['env', environmentVault(environment)],
      ['file', fileVault(own ?? other ?? DEFAULT_SECRETS_FOLDER)],
    ]),
  )
  return (reference: string) => resolver.resolve(reference)
}

/** Who may not write Kong's default prefix gets one in the home directory. */
function withUsablePrefix(
  defaults: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if ('prefix' in defaults || isWritable('/usr/local/kong') || isWritable('/usr/local'))
    return defaults
  return { prefix: path.join(os.homedir(), '.portunus'), ...defaults }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}
