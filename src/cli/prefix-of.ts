import { existsSync } from 'node:fs'
import { makeFolder, preparePrefix } from '../gateway/prefix-layout.ts'
import type { Settings } from '../settings/settings.ts'
import type { Output } from './output.ts'

/** Makes the prefix, and says so when it was not there. @throws {StartFault} */
export function makePrefix(settings: Settings, output: Output): void {
  if (!existsSync(settings.prefix))
    output.info(`prefix directory ${settings.prefix} not found, trying to create it`)
  preparePrefix(settings)
}

/** As {@link makePrefix}, for commands that get along without one. */
export function makePrefixIfPossible({ prefix }: Settings, output: Output): void {
  if (existsSync(prefix)) return
  try {
    makeFolder(prefix)
  } catch {
    // Nothing the command does needs it.
    return
  }
  output.info(`prefix directory ${prefix} not found, trying to create it`)
}
