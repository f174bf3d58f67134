import path from 'node:path'
import type { EntitySet } from '../entities/entity.ts'
import type { Gateway } from '../gateway/start.ts'
import { portunusVersion } from '../gateway/versions.ts'
import type { Settings } from '../settings/settings.ts'
import { findWarnings } from './configuration-warnings.ts'

/** What `dev` and `demo` say once they serve. */
export function summaryLines(
  settings: Settings,
  gateway: Gateway,
  tookMs: number,
): readonly string[] {
  const address = (ports: readonly number[]) =>
    ports[0] === undefined ? 'off' : `http://localhost:${ports[0]}`
  const { ports, store } = gateway
  const file = settings.declarative_config
  return [
    `  Portunus ${portunusVersion()}  ready in ${tookMs} ms`,
    '',
    `  Proxy    ${address(ports.proxy).padEnd(26)}Admin  ${address(ports.admin)}  (Kong 3.9 API)`,
    ...(file
      ? [`  Config   ${shortPath(file)}${settings.declarative_config_watch ? '  (watched)' : ''}`]
      : []),
    '',
    ...configurationLines(store.all(), file),
  ]
}

/** How much a configuration holds, and what looks wrong in it. */
export function configurationLines(
  entities: EntitySet,
  file: string | undefined,
): readonly string[] {
  const counts = (['services', 'routes', 'consumers', 'plugins'] as const)
    .map((kind) => [kind, entities[kind]?.length ?? 0] as const)
    .map(([kind, count]) => `${count} ${count === 1 ? kind.slice(0, -1) : kind}`)
  const name = file === undefined ? 'config' : path.basename(file)
  return [
    `  ${name}   ${counts.join(', ')}`,
    ...findWarnings(entities).map((warning) => `  ! ${warning}`),
  ]
}

function shortPath(file: string): string {
  const relative = path.relative(process.cwd(), file)
  return relative.startsWith('..') ? file : `./${relative}`
}
