import { ALIASES, PROPERTY_GROUPS } from '../../src/settings/properties.ts'
import type { Property, PropertyTable } from '../../src/settings/property.ts'
import { whyIgnored } from '../../src/settings/why-ignored.ts'
import { GENERATED } from './generated.ts'

/** The page of everything `kong.conf` and the environment may say. */
export function settingsPage(): string {
  const groups = Object.entries(PROPERTY_GROUPS) as [string, PropertyTable][]
  const sections = groups.map(([title, properties]) => `## ${title}\n\n${table(properties)}`)
  const aliases = [...ALIASES].map(
    ([alias, { name, isDeprecated }]) =>
      `| \`${alias}\` | \`${name}\` | ${isDeprecated === true ? 'deprecated' : ''} |`,
  )
  return [
    GENERATED,
    '# Settings',
    'How the process runs. From weakest to strongest: the defaults below, the file given with `-c` (else ' +
      '`/etc/kong/kong.conf`, else `/etc/kong.conf`), the environment (`KONG_` and the name in capitals), the command line. ' +
      'What the gateway serves is another matter: see [the declarative file](entities.md).',
    ...sections,
    ['## Other names', '', '| name | is | |', '| --- | --- | --- |', ...aliases].join('\n'),
  ].join('\n\n')
}

function table(properties: PropertyTable): string {
  const effective = Object.entries(properties).filter(([, { hasNoEffect }]) => hasNoEffect !== true)
  const idle = Object.entries(properties).filter(([, { hasNoEffect }]) => hasNoEffect === true)
  const lines = effective.map(
    ([name, property]) => `| \`${name}\` | ${byDefault(property)} | ${meaning(property)} |`,
  )
  const note =
    idle.length === 0
      ? []
      : ['\nAccepted without effect here:\n', ...byReason(idle.map(([name]) => name))]
  return ['| property | default | meaning |', '| --- | --- | --- |', ...lines, ...note].join('\n')
}

function byReason(names: readonly string[]): readonly string[] {
  return [...Map.groupBy(names, whyIgnored)].map(
    ([why, alike]) => `- ${alike.map((name) => `\`${name}\``).join(', ')}: ${why}.`,
  )
}

function byDefault(property: Property): string {
  const value = property.default
  if (value === undefined) return ''
  if (typeof value === 'boolean') return value ? '`on`' : '`off`'
  const text = Array.isArray(value) ? value.join(', ') : String(value)
  return text === '' ? '' : `\`${text}\``
}

function meaning(property: Property): string {
  const choices = 'oneOf' in property && property.oneOf !== undefined ? property.oneOf : []
  return [
    property.description,
    choices.length > 0 && `One of ${choices.map((choice) => `\`${choice}\``).join(', ')}.`,
    property.isOwn === true && '*Not one of Kong’s.*',
  ]
    .filter(Boolean)
    .join(' ')
    .replaceAll('|', '\\|')
    .replaceAll(/\s*\n\s*/g, ' ')
}
