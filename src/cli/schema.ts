import { cliSettings } from './cli-settings.ts'
import type { Command } from './command.ts'

export const schema: Command = {
  usage: `Usage: portunus schema [OPTIONS]

Write the JSON Schema of declarative configuration files to standard output,
for editors to complete and check them; with the plugins that are loaded.

  portunus schema > kong.schema.json

and at the head of kong.yml:

  # yaml-language-server: $schema=./kong.schema.json

Options:
 -c,--conf        (optional string)   Configuration file.
`,
  options: { conf: { short: 'c', takes: 'text' } },

  async run(call) {
    const { catalogOfSettings } = await import('../gateway/catalog-of.ts')
    const { jsonSchemaOfDeclarative } = await import('../declarative/json-schema.ts')
    const catalog = await catalogOfSettings(cliSettings(call, { isQuiet: true }))
    call.output.raw(`${JSON.stringify(jsonSchemaOfDeclarative(catalog), undefined, 2)}\n`)
  },
}
