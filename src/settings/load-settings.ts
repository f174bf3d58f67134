import { isVaultReference } from '../schema/vault-reference.ts'
import { findProblems } from './checks.ts'
import { listenWarnings } from './listen-warnings.ts'
import { parseListeners, type Listener } from './listener.ts'
import { parsePortMaps } from './port-maps.ts'
import { PROPERTIES, type SettingValues } from './properties.ts'
import type { Property, SettingValue } from './property.ts'
import { rawSettings, type RawSettings, type SettingsSources } from './raw-settings.ts'
import type { Settings, SettingsProblem, SettingsResult } from './settings.ts'

export interface LoadOptions extends SettingsSources {
  /** Finds the value of `{vault://…}`. Without it references stay as they are. */
  readonly resolveReference?: (reference: string) => string | { readonly fault: string }
  /** Tells whether a file exists; for the checks that ask. */
  readonly fileExists: (path: string) => boolean
}

/** Reads all settings from their sources, and says everything that is wrong with them at once. */
export function loadSettings(options: LoadOptions): SettingsResult {
  const raw = rawSettings(options)
  const problems: SettingsProblem[] = []
  const warnings = [...raw.warnings]
  const values: Record<string, SettingValue> = {}

  for (const [name, property] of PROPERTIES) {
    const given = raw.values.get(name)
    if (given === undefined) {
      values[name] = property.default
      continue
    }
    const text = dereferenced(name, given.text, options.resolveReference)
    const value = typeof text === 'string' ? parseValue(name, property, text) : text
    if (typeof value === 'object' && 'fault' in value) {
      problems.push({ message: value.fault, origin: given.origin })
      continue
    }
    values[name] = value
    warnings.push(...warningsOf({ name, property, text: given.text, origin: given.origin }))
  }
  for (const [name, { origin }] of raw.injected)
    warnings.push(`${origin}: the nginx directive '${name}' has no effect here`)
  if (problems.length > 0) return { ok: false, problems, warnings }

  const settings = derive(values as unknown as SettingValues, raw)
  if ('problems' in settings) return { ok: false, problems: settings.problems, warnings }
  for (const [server, name] of Object.entries(LISTEN_PROPERTIES))
    warnings.push(
      ...listenWarnings(name, settings.listeners[server as keyof Settings['listeners']]),
    )
  const found = findProblems(settings, options.fileExists)
  if (found.length > 0)
    return { ok: false, problems: found.map((problem) => locate(problem, raw)), warnings }
  const origins = new Map([...raw.values].map(([name, { origin }]) => [name, origin]))
  return { ok: true, settings, warnings, origins }
}

function dereferenced(
  name: string,
  text: string,
  resolve: LoadOptions['resolveReference'],
): string | { readonly fault: string } {
  if (resolve === undefined || !isVaultReference(text)) return text
  const found = resolve(text)
  if (typeof found === 'string') return found
  return {
    fault: `failed to dereference '${text}': ${found.fault} for config option '${name}'`,
  }
}

function parseValue(
  name: string,
  property: Property,
  text: string,
): SettingValue | { readonly fault: string } {
  const value = text.trim()
  switch (property.type) {
    case 'boolean':
      return value === 'on' || value === 'true'
    case 'array':
      return value
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '')
    case 'number':
      return parseNumber(name, property, value)
    case 'string':
      return parseString(name, property, value)
  }
}

function parseNumber(
  name: string,
  property: Extract<Property, { type: 'number' }>,
  text: string,
): SettingValue | { readonly fault: string } {
  if (text === '') return property.default
  const value = Number(text)
  if (Number.isNaN(value)) return { fault: `${name} is not a number: '${text}'` }
  const { min = -Infinity, max = Infinity, boundsMessage } = property
  if (value >= min && value <= max) return value
  return { fault: boundsMessage ?? `${name} must be between ${min} and ${max}` }
}

function parseString(
  name: string,
  property: Extract<Property, { type: 'string' }>,
  text: string,
): SettingValue | { readonly fault: string } {
  const { oneOf, alsoOneOf = [] } = property
  if (oneOf === undefined || text === '' || oneOf.includes(text) || alsoOneOf.includes(text))
    return text
  return { fault: `${name} has an invalid value: '${text}' (${oneOf.join(', ')})` }
}

function warningsOf(given: {
  readonly name: string
  readonly property: Property
  readonly text: string
  readonly origin: string
}): readonly string[] {
  const { name, property, text, origin } = given
  if (property.type === 'boolean' && !/^\s*(on|off|true|false|)\s*$/.test(text))
    return [`${origin}: ${name} is taken as off: '${text}' is neither on nor off`]
  if (name === 'worker_consistency' && text === 'strict')
    return [
      "the configuration value 'strict' for configuration property 'worker_consistency' is deprecated, use 'eventual' instead",
    ]
  return []
}

const LISTEN_PROPERTIES = {
  proxy: 'proxy_listen',
  admin: 'admin_listen',
  status: 'status_listen',
  console: 'admin_gui_listen',
  stream: 'stream_listen',
  cluster: 'cluster_listen',
} as const satisfies Record<keyof Settings['listeners'], keyof SettingValues>

function derive(
  values: SettingValues,
  raw: RawSettings,
): Settings | { readonly problems: readonly SettingsProblem[] } {
  const problems: SettingsProblem[] = []
  const listeners = {} as Record<keyof Settings['listeners'], readonly Listener[]>
  for (const [server, name] of Object.entries(LISTEN_PROPERTIES)) {
    const parsed = parseListeners(name, values[name])
    if ('fault' in parsed)
      problems.push({ message: parsed.fault, origin: raw.values.get(name)?.origin })
    else listeners[server as keyof Settings['listeners']] = parsed
  }
  const hostPorts = parsePortMaps(values.port_maps)
  if ('fault' in hostPorts)
    problems.push({ message: hostPorts.fault, origin: raw.values.get('port_maps')?.origin })
  if (problems.length > 0 || 'fault' in hostPorts) return { problems }
  return {
    ...values,
    // The name that Kong had for it before it became a directive like others.
    nginx_http_client_body_buffer_size: raw.values.has('nginx_http_client_body_buffer_size')
      ? values.nginx_http_client_body_buffer_size
      : values.client_body_buffer_size,
    listeners,
    hostPorts,
    injected: new Map([...raw.injected].map(([name, { text }]) => [name, text])),
    given: new Map([...raw.values].map(([name, { text }]) => [name, text])),
  }
}

function locate(
  { message, property }: { readonly message: string; readonly property?: string },
  raw: RawSettings,
): SettingsProblem {
  return {
    message,
    origin: property === undefined ? undefined : raw.values.get(property)?.origin,
  }
}
