import { BUNDLED_PLUGINS, OPTIONAL_PLUGINS } from '../../src/plugins/all-plugins.ts'
import { fieldTable } from './field-table.ts'

/** The table of fields for the README of each plugin, by path. */
export function pluginTables(): ReadonlyMap<string, string> {
  return new Map(
    [...BUNDLED_PLUGINS, ...OPTIONAL_PLUGINS].map(({ name, config }) => [
      `src/plugins/${name}/README.md`,
      fieldTable(config.fields),
    ]),
  )
}
