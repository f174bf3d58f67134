import { readFileSync } from 'node:fs'

/** The version of Kong that clients are told, and whose behaviour this is. */
export const COMPATIBILITY_VERSION = '3.9.3'

/** Our own version, from the package. */
export function portunusVersion(): string {
  const manifest = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
}
