import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { loadSettings, type LoadOptions } from './load-settings.ts'
import type { SettingsResult } from './settings.ts'

/** Where a file is looked for when none is named. */
export const DEFAULT_FILES = ['/etc/kong/kong.conf', '/etc/kong.conf'] as const

export interface ReadOptions extends Omit<LoadOptions, 'file' | 'fileExists'> {
  /** Must exist. */
  readonly confPath?: string | undefined
}

/**
 * Reads the settings of this machine: the file, the environment and the command line. The prefix
 * comes out absolute.
 */
export function readSettings({ confPath, ...options }: ReadOptions): SettingsResult {
  const found = confPath ?? DEFAULT_FILES.find((candidate) => existsSync(candidate))
  const file = found === undefined ? undefined : readConf(found)
  if (file !== undefined && 'fault' in file)
    return { ok: false, problems: [{ message: file.fault }], warnings: [] }

  const result = loadSettings({ ...options, file, fileExists: existsSync })
  if (!result.ok) return result
  const { settings } = result
  return { ...result, settings: { ...settings, prefix: absolutePrefix(settings.prefix) } }
}

function readConf(
  confPath: string,
): { readonly path: string; readonly text: string } | { readonly fault: string } {
  try {
    if (!statSync(confPath).isFile()) return { fault: `no file at: ${confPath}` }
    return { path: confPath, text: readFileSync(confPath, 'utf8') }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return { fault: code === 'ENOENT' ? `no file at: ${confPath}` : message }
  }
}

function absolutePrefix(prefix: string): string {
  const absolute = path.resolve(prefix)
  return absolute.length > 1 ? absolute.replace(/\/+$/, '') : absolute
}
