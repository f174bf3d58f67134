import type { EntitySet } from '../entities/entity.ts'
import { environmentVault } from '../secrets/environment-vault.ts'
import { fileVault } from '../secrets/file-vault.ts'
import { resolveIn, secretResolver, type SecretSource } from '../secrets/resolve.ts'
import type { Settings } from '../settings/settings.ts'
import type { Logger } from '../telemetry/logger.ts'

/** Kinds whose fields may refer to secrets. */
const REFERRING_KINDS = ['plugins', 'certificates', 'keys'] as const

export interface SecretsOptions {
  readonly settings: Pick<Settings, 'vaults' | 'vault_env_prefix' | 'vault_file_folder'>
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly log: Pick<Logger, 'warn'>
}

/** Fills values in for the references to secrets in entities; their `vaults` say how to find them. */
export function entitiesWithSecrets({
  settings,
  environment,
  log,
}: SecretsOptions): (entities: EntitySet) => EntitySet {
  const hasVault = (wanted: string) =>
    settings.vaults.some((name) => name === 'bundled' || name === wanted)
  const hasEnvironmentVault = hasVault('env')
  return (entities) => {
    const sources = new Map<string, SecretSource>()
    if (hasVault('file')) sources.set('file', fileVault(settings.vault_file_folder))
    if (hasEnvironmentVault) {
      sources.set('env', environmentVault(environment, settings.vault_env_prefix))
      for (const { name, prefix, config } of entities['vaults'] ?? [])
        if (name === 'env')
          sources.set(String(prefix), environmentVault(environment, prefixIn(config)))
    }
    const resolver = secretResolver(sources)
    const resolved: Record<string, EntitySet[string]> = { ...entities }
    for (const kind of REFERRING_KINDS) {
      const rows = entities[kind]
      if (rows === undefined) continue
      resolved[kind] = resolveIn(rows, resolver, (reference, fault) =>
        log.warn(`Cannot find the secret ${reference} of ${kind}: ${fault}`),
      )
    }
    return resolved
  }
}

function prefixIn(config: unknown): string {
  const prefix = (config as { prefix?: unknown } | null)?.prefix
  return typeof prefix === 'string' ? prefix : ''
}
