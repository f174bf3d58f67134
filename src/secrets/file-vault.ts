import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import type { SecretSource } from './resolve.ts'

/** Where Docker, Kubernetes and systemd units put secrets by custom. */
export const DEFAULT_SECRETS_FOLDER = '/run/secrets'

/** Secrets are short; what is longer is some other file. */
const MOST_BYTES = 1024 * 1024

/**
 * The vault `file`: secrets in the files of one folder, `{vault://file/db-password}`. A line break at
 * the end is not part of the secret. Nothing outside the folder can be read.
 */
export function fileVault(folder: string): SecretSource {
  return ({ resource }) => {
    const fault = (why: string) => ({
      fault: `unable to load value (${resource}) from vault (file): ${why}`,
    })
    // Names that begin with a dot are of the system that put the secrets there.
    if (/[/\\\0]/.test(resource) || resource.startsWith('.')) return fault('not a name of a file')
    try {
      const file = path.join(folder, resource)
      const found = statSync(file)
      if (!found.isFile()) return fault(`not a file in ${folder}`)
      if (found.size > MOST_BYTES) return fault('too long for a secret')
      return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      return fault(code === 'ENOENT' ? `not found in ${folder}` : `${code} in ${folder}`)
    }
  }
}
