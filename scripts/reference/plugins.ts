import type { Plugin } from '../../src/plugin-kit/plugin.ts'
import { BUNDLED_PLUGINS, OPTIONAL_PLUGINS } from '../../src/plugins/all-plugins.ts'
import { fieldTable } from './field-table.ts'
import { GENERATED } from './generated.ts'

/** The index of plugins and a page for each, by path. */
export function pluginPages(): ReadonlyMap<string, string> {
  const pages = new Map([['docs/reference/plugins/README.md', index()]])
  for (const plugin of [...BUNDLED_PLUGINS, ...OPTIONAL_PLUGINS])
    pages.set(`docs/reference/plugins/${plugin.name}.md`, page(plugin))
  return pages
}

function index(): string {
  return [
    GENERATED,
    '# Plugins',
    'In the order in which they run: higher priority first.',
    table(BUNDLED_PLUGINS),
    'Those that Kong does not bundle are loaded where the setting `plugins` names them:',
    table(OPTIONAL_PLUGINS),
  ].join('\n\n')
}

function table(plugins: readonly Plugin[]): string {
  const rows = plugins.map(({ name, priority }) => `| ${priority} | [${name}](${name}.md) |`)
  return ['| priority | plugin |', '| --- | --- |', ...rows].join('\n')
}

function page(plugin: Plugin): string {
  const scopes = (['service', 'route', 'consumer'] as const).filter(
    (scope) => !plugin.not.includes(scope),
  )
  const facts = [
    `- Priority: ${plugin.priority}`,
    `- Scopes: global${scopes.map((scope) => `, ${scope}`).join('')}`,
    `- Protocols: ${plugin.protocols.allowed.join(', ')}`,
  ]
  const config = plugin.config.fields
  const entities = plugin.entities.map(
    ({ name, fields }) => `## Entity \`${name}\`\n\n${fieldTable(fields)}`,
  )
  return [
    GENERATED,
    `# ${plugin.name}`,
    facts.join('\n'),
    '## `config`',
    Object.keys(config).length === 0 ? 'No fields.' : fieldTable(config),
    ...entities,
  ].join('\n\n')
}
