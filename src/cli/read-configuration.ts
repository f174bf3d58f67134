import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseConfiguration } from '../gateway/parse-configuration.ts'
import { routeFinder } from '../gateway/route-finder.ts'
import type { Settings } from '../settings/settings.ts'
import type { ReadConfiguration } from './summary.ts'

/**
 * Reads the declarative file once more, to tell about it.
 *
 * @returns nothing when it has changed for the worse since it was served
 */
export async function readConfiguration(
  settings: Settings,
): Promise<ReadConfiguration | undefined> {
  const file = settings.declarative_config
  if (!file) return undefined
  const text = readFileSync(file, 'utf8')
  const config = await parseConfiguration(settings, { text, fileName: file })
  if (!config.ok) return undefined
  const findRoute = routeFinder(settings, config.entities)
  return { name: path.basename(file), text, config, findRoute }
}
