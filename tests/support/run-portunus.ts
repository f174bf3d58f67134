import { execFile } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { PATIENCE_MS } from './until.ts'

const PROGRAM = fileURLToPath(new URL('../../bin/portunus', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A folder to run commands in, with a prefix of its own; both go when it does. */
export interface Workplace extends AsyncDisposable {
  readonly folder: string
  readonly prefix: string
  /** Runs `portunus <words>`. */
  run(words: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Ended>
}

/** @param environment for all commands; ports of a gateway should be 0 or known to be free */
export function workplace(environment: Readonly<Record<string, string>> = {}): Workplace {
  const folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'portunus-cli-')))
  const prefix = path.join(folder, 'prefix')
  const inherited = Object.entries(process.env).filter(([name]) => !/^(KONG|PORTUNUS)_/.test(name))
  const run: Workplace['run'] = (words, more = {}) =>
    new Promise((resolve) => {
      const child = execFile(
        process.execPath,
        [PROGRAM, ...words],
        {
          cwd: folder,
          timeout: 4 * PATIENCE_MS,
          env: { ...Object.fromEntries(inherited), KONG_PREFIX: prefix, ...environment, ...more },
        },
        (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
      )
    })
  return {
    folder,
    prefix,
    run,
    async [Symbol.asyncDispose]() {
      await run(['stop'])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
