import path from 'node:path'
import type { DeclarativeConfig } from '../declarative/declarative.ts'
import type { Gateway } from '../gateway/start.ts'
import { portunusVersion } from '../gateway/versions.ts'
import type { Settings } from '../settings/settings.ts'
import type { RouteFinder } from '../gateway/route-finder.ts'
import { lint, type PlacedWarning } from './lint/lint.ts'

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
  readonly findRoute: RouteFinder
}

/** How much a configuration holds, and what looks wrong in it. */
export function configurationLines(read: ReadConfiguration): readonly string[] {
  const { name, config } = read
  const counts = (['services', 'routes', 'consumers', 'plugins'] as const)
    .map((kind) => [kind, config.entities[kind]?.length ?? 0] as const)
    .map(([kind, count]) => `${count} ${count === 1 ? kind.slice(0, -1) : kind}`)
  return [
    `  ${name}   ${counts.join(', ')}   _format_version ${config.formatVersion}`,
    ...lint(read).map((warning) => `  ! ${warningLine(name, warning)}`),
  ]
}

/** A warning with its place, as compilers print them: `kong.yml:31:9  jwt on "orders" does not …`. */
export function warningLine(name: string, { line, column = 1, message }: PlacedWarning): string {
  return line === undefined ? `${name}  ${message}` : `${name}:${line}:${column}  ${message}`
}

function shortPath(file: string): string {
  const relative = path.relative(process.cwd(), file)
  return relative.startsWith('..') ? file : `./${relative}`
}
