import { isJsonObject } from '../base/json.ts'
import type { Field, RecordSpec } from '../schema/field.ts'
import { luaText } from '../schema/lua-literal.ts'
import { MESSAGES } from '../schema/rules.ts'
import type { Finding, Surroundings } from './faults.ts'
import { pathOf, type Path } from './item.ts'
import { nearestName } from './nearest-name.ts'

/** What to do about a finding, where that can be guessed from it. */
export function hintFor(finding: Finding, surroundings: Surroundings): string | undefined {
  const { message, dangling, path } = finding
  if (dangling !== undefined) return referenceHint(finding, surroundings)
  if (message === MESSAGES.unknown) return unknownFieldHint(finding, surroundings)
  const value = valueAt(surroundings.document, path)
  if (path[0] === '_format_version') return versionHint(value)
  if (message.startsWith('expected one of: '))
    return schemeHint(finding, surroundings) ?? choiceHint(message, value)
  if (message.startsWith("plugin '"))
    return didYouMean(String(value), surroundings.catalog.pluginNames())
  if (message.startsWith('should start with: / (fixed path)')) return pathHint(value)
  if (message.startsWith('invalid value: ') && path.includes('methods')) return methodHint(value)
  if (/^invalid (?:certificate|key): /.test(message))
    return 'paste the PEM text whole, with the lines that say BEGIN and END'
  return typeHint(message, value)
}

function didYouMean(wrong: string, known: Iterable<string>): string | undefined {
  const nearest = nearestName(wrong, known)
  return nearest === undefined ? undefined : `did you mean ${nearest}?`
}

function referenceHint({ dangling }: Finding, { index }: Surroundings): string | undefined {
  const { field, value } = dangling!
  return typeof value === 'string'
    ? didYouMean(value, index.keysOf(field.reference))
    : `write its name or id as a text: "${field.name}: my-${field.reference.replace(/s$/, '')}"`
}

/** Keys of files for another tool. */
const DECK_KEYS = new Set(['_info', '_workspace', '_konnect', '_plugin_configs', '_konnect_meta'])

function unknownFieldHint(finding: Finding, surroundings: Surroundings): string | undefined {
  const name = String(finding.path.at(-1))
  if (finding.item !== undefined)
    return configHint(finding, surroundings) ?? didYouMean(name, knownNames(finding, surroundings))
  if (DECK_KEYS.has(name)) return 'this key is for decK; leave it out'
  const { tree } = surroundings
  const known = ['_format_version', '_transform', '_comment', '_ignore', ...tree.kinds.keys()]
  return didYouMean(name, known) ?? indentHint(finding, surroundings)
}

/** A plugin's own field beside its `config`. */
function configHint({ item, path }: Finding, { catalog }: Surroundings): string | undefined {
  const { kind, fields } = item!
  const name = String(path.at(-1))
  if (kind.name !== 'plugins' || path.length !== pathOf(item!).length + 1) return undefined
  const plugin = catalog.plugin(String(fields['name']))
  const isOfConfig = plugin !== undefined && namesOf(plugin.config).includes(name)
  return isOfConfig ? 'move it into config' : undefined
}

/** A field that slid out of its entry to the left margin. */
function indentHint({ path }: Finding, { document, tree }: Surroundings): string | undefined {
  const name = String(path[0])
  const kind = [...tree.kinds.values()].find(
    (kind) =>
      Array.isArray(document[kind.name]) &&
      [kind.fields, kind.shorthands ?? {}].some((names) => Object.hasOwn(names, name)),
  )
  return kind && `indent it to make it a field of an entry of ${kind.name}`
}

/** The names that may stand where an unknown one does. */
function knownNames({ item, path }: Finding, { tree, catalog }: Surroundings): readonly string[] {
  const { kind, fields } = item!
  const inside = path.slice(pathOf(item!).length, -1)
  if (inside.length === 0)
    return [
      ...Object.keys(kind.fields),
      ...Object.keys(kind.shorthands ?? {}),
      ...tree.childrenOf(kind.name).keys(),
    ]
  const plugin = kind.name === 'plugins' ? catalog.plugin(String(fields['name'])) : undefined
  const isConfig = plugin !== undefined && inside[0] === 'config'
  const spec = isConfig
    ? fieldInside(plugin.config, inside.slice(1))
    : fieldInside({ type: 'record', fields: kind.fields }, inside)
  return spec?.type === 'record' ? namesOf(spec) : []
}

function namesOf(spec: RecordSpec): readonly string[] {
  return [...Object.keys(spec.fields), ...Object.keys(spec.shorthand_fields ?? {})]
}

function fieldInside(spec: Field, path: Path): Field | undefined {
  let field: Field | undefined = spec
  for (const step of path) {
    if (field?.type === 'record')
      field = Object.hasOwn(field.fields, step) ? field.fields[step] : undefined
    else if (field?.type === 'array' || field?.type === 'set') field = field.elements
    else if (field?.type === 'map') field = field.values
    else return undefined
  }
  return field
}

function versionHint(value: unknown): string | undefined {
  if (typeof value === 'number') return `put it in quotes: "${value.toFixed(1)}"`
  return value === undefined ? 'add _format_version: "3.0"' : 'use "3.0"'
}

function choiceHint(message: string, value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  return didYouMean(value, message.slice('expected one of: '.length).split(', '))
}

/** Without a scheme an address is read for one: the host, or nothing. */
function schemeHint({ path, item }: Finding, { document }: Surroundings): string | undefined {
  if (item?.kind.name !== 'services' || path.at(-1) !== 'protocol') return undefined
  const url = valueAt(document, [...path.slice(0, -1), 'url'])
  return typeof url === 'string' && url !== '' && !url.includes('://')
    ? `begin the url with a scheme: http://${url}`
    : undefined
}

function methodHint(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Za-z]+$/.test(value)
    ? `did you mean ${value.toUpperCase()}?`
    : undefined
}

function pathHint(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined
  const isRegex = /[\\^$*+?()[\]{}|]/.test(value)
  const rest = value.replace(/^~?\^?\/?/, '')
  return isRegex ? `write a regex as ~/${rest}` : `did you mean /${rest}?`
}

/** YAML decides about types by letters, so quotes are what is wrong most often. */
function typeHint(message: string, value: unknown): string | undefined {
  const found = TYPE_HINTS.find(
    ({ messages, isLikely }) => messages.includes(message) && isLikely(value),
  )
  return found?.hint.replace('%s', () => luaText(value))
}

interface TypeHint {
  readonly messages: readonly string[]
  readonly isLikely: (value: unknown) => boolean
  readonly hint: string
}

const TYPE_HINTS: readonly TypeHint[] = [
  {
    messages: ['expected a string'],
    isLikely: (value) => typeof value === 'number' || typeof value === 'boolean',
    hint: 'put it in quotes to make it a text',
  },
  {
    messages: ['expected a boolean'],
    isLikely: (value) => value === 'true' || value === 'false',
    hint: 'leave the quotes out',
  },
  {
    messages: ['expected an integer', 'expected a number'],
    isLikely: isNumeral,
    hint: 'leave the quotes out',
  },
  {
    messages: ['expected a set', 'expected an array'],
    isLikely: (value) => typeof value === 'string',
    hint: 'write it as a list: [%s]',
  },
  {
    messages: ['expected a set', 'expected an array'],
    isLikely: isJsonObject,
    hint: 'write it as a list: "- " begins each entry',
  },
]

function isNumeral(value: unknown): boolean {
  return typeof value === 'string' && /^-?\d+(?:\.\d+)?$/.test(value)
}

function valueAt(document: unknown, path: Path): unknown {
  let value = document
  for (const step of path) {
    if (Array.isArray(value) && typeof step === 'number') value = (value as unknown[])[step]
    else if (isJsonObject(value) && Object.hasOwn(value, step)) value = value[step]
    else return undefined
  }
  return value
}

/** What usually lies behind a syntax error. */
export function syntaxHint(problem: string): string | undefined {
  if (problem.includes('tab character')) return 'indent with spaces'
  if (problem.startsWith('mapping values are not allowed'))
    return 'check the indentation, and put a text that holds ": " in quotes'
  if (problem.includes('cannot start any token'))
    return 'indent with spaces, and put a text that begins with @, `, % or a tab in quotes'
  if (problem.startsWith('did not find expected key') || problem.includes("'-' indicator"))
    return 'check the indentation of this line and the one before'
  if (problem.startsWith("could not find expected ':'"))
    return 'a key needs a colon and a space behind it'
  if (problem.startsWith('found unexpected end of stream')) return 'a quote is not closed'
  if (problem.startsWith("did not find expected ','"))
    return 'a bracket is not closed, or a comma is missing'
  if (problem.startsWith('found unknown escape'))
    return 'put texts with backslashes in single quotes'
  if (problem === 'expected an object') return 'a configuration begins with _format_version: "3.0"'
  if (problem.startsWith('unknown file type')) return 'name the file .yml, .yaml or .json'
  return undefined
}
