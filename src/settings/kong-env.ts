import { formatConfValue } from './parse-conf.ts'
import { PROPERTIES } from './properties.ts'
import type { SettingValue } from './property.ts'
import type { Settings } from './settings.ts'

const HEADER = `# Written at each start and reload: what the running gateway was configured with.
# Changes made here are lost; "portunus reload" takes them from the sources again.
`

/**
 * The text of `.kong_env`: every property in force, sorted, which `stop`, `reload` and the like read
 * instead of asking for the configuration again. References to secrets stay references.
 */
export function formatKongEnv(settings: Settings): string {
  const lines: string[] = []
  for (const name of PROPERTIES.keys()) {
    const text = name === 'prefix' ? settings.prefix : settings.given.get(name)
    const value = text ?? formatValue(settings[name as keyof Settings] as SettingValue)
    if (value !== undefined) lines.push(`${name} = ${formatConfValue(value)}`)
  }
  for (const [name, value] of settings.injected) lines.push(`${name} = ${formatConfValue(value)}`)
  return `${HEADER}\n${lines.sort().join('\n')}\n`
}

function formatValue(value: SettingValue): string | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return Array.isArray(value) ? value.join(', ') : String(value)
}
