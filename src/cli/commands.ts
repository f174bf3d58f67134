import type { Command } from './command.ts'

type Load = () => Promise<Command>

/** Commands that Kong has too; the code of one is loaded when it is called. */
const KONG_COMMANDS: Readonly<Record<string, Load>> = {
  check: async () => (await import('./check.ts')).check,
  config: async () => (await import('./config.ts')).config,
  drain: async () => (await import('./drain.ts')).drain,
  health: async () => (await import('./health.ts')).health,
  hybrid: async () => (await import('./hybrid.ts')).hybrid,
  migrations: async () => (await import('./migrations.ts')).migrations,
  prepare: async () => (await import('./prepare.ts')).prepare,
  quit: async () => (await import('./quit.ts')).quit,
  reload: async () => (await import('./reload.ts')).reload,
  restart: async () => (await import('./restart.ts')).restart,
  roar: async () => (await import('./roar.ts')).roar,
  start: async () => (await import('./start.ts')).start,
  stop: async () => (await import('./stop.ts')).stop,
  vault: async () => (await import('./vault.ts')).vault,
  version: async () => (await import('./version.ts')).version,
}

/** Commands of our own. */
const OWN_COMMANDS: Readonly<Record<string, Load>> = {
  demo: async () => (await import('./demo.ts')).demo,
  dev: async () => (await import('./dev.ts')).dev,
  diff: async () => (await import('./diff.ts')).diff,
  'docker-start': async () => (await import('./start.ts')).dockerStart,
  history: async () => (await import('./history.ts')).history,
  keys: async () => (await import('./keys.ts')).keys,
  logs: async () => (await import('./logs.ts')).logs,
  migrate: async () => (await import('./migrate.ts')).migrate,
  rollback: async () => (await import('./rollback.ts')).rollback,
  route: async () => (await import('./route.ts')).route,
  schema: async () => (await import('./schema.ts')).schema,
  token: async () => (await import('./token.ts')).token,
  why: async () => (await import('./why.ts')).why,
}

export const COMMANDS: Readonly<Record<string, Load>> = { ...KONG_COMMANDS, ...OWN_COMMANDS }

export const KONG_COMMAND_NAMES = Object.keys(KONG_COMMANDS)
export const OWN_COMMAND_NAMES = Object.keys(OWN_COMMANDS)
