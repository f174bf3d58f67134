import path from 'node:path'
import type { DeclarativeConfig } from '../declarative/declarative.ts'
import { locator } from '../declarative/faults.ts'
import type { Gateway } from '../gateway/start.ts'
import { portunusVersion } from '../gateway/versions.ts'
import type { Settings } from '../settings/settings.ts'
import { findWarnings } from './configuration-warnings.ts'

/** What `dev` and `demo` say once they serve. */
export function summaryLines(
  settings: Settings,
  gateway: Gateway,
  facts: { readonly tookMs: number; readonly read: ReadConfiguration | undefined },
): readonly string[] {
  const { tookMs, read } = facts
  const address = (ports: readonly number[]) =>
    ports[0] === undefined ? 'off' : `http://localhost:${ports[0]}`
  const { ports } = gateway
  const file = settings.declarative_config
  return [
    `  Portunus ${portunusVersion()}  ready in ${tookMs} ms`,
    '',
    `  Proxy    ${address(ports.proxy).padEnd(26)}Admin  ${address(ports.admin)}  (Kong 3.9 API)`,
    ...(file
      ? [`  Config   ${shortPath(file)}${settings.declarative_config_watch ? '  (watched)' : ''}`]
      : []),
    '',
    ...(read === undefined ? [] : configurationLines(read)),
  ]
}

/** A declarative file as it was read, to be told about. */
export interface ReadConfiguration {
  readonly name: string
  readonly text: string
  readonly config: DeclarativeConfig
}

/** How much a configuration holds, and what looks wrong in it. */
export function configurationLines({ name, text, config }: ReadConfiguration): readonly string[] {
  const counts = (['services', 'routes', 'consumers', 'plugins'] as const)
    .map((kind) => [kind, config.entities[kind]?.length ?? 0] as const)
    .map(([kind, count]) => `${count} ${count === 1 ? kind.slice(0, -1) : kind}`)
  return [
    `  ${name}   ${counts.join(', ')}   _format_version ${config.formatVersion}`,
    ...warningLines({ name, text, config }).map((line) => `  ! ${line}`),
  ]
}

/** What looks wrong, each with its place: `kong.yml:31:9  jwt on "orders" does not check exp`. */
export function warningLines({ name, text, config }: ReadConfiguration): readonly string[] {
  const warnings = findWarnings(config.entities)
  if (warnings.length === 0) return []
  const locate = locator(text)
  const places = config.places()
  return warnings
    .map(({ kind, id, message }) => {
      const path = places.get(`${kind}/${id}`)
      return { message, ...(path && locate({ path, message })) }
    })
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
    .map(({ message, line, column = 1 }) =>
      line === undefined ? `${name}  ${message}` : `${name}:${line}:${column}  ${message}`,
    )
}

function shortPath(file: string): string {
  const relative = path.relative(process.cwd(), file)
  return relative.startsWith('..') ? file : `./${relative}`
}
