import type { NodeServices } from '../plugin.ts'
import { readKeySet, type TrustedKey } from './key-set.ts'
import { KeySource, type KeyProvider, type KeySourceOptions } from './key-source.ts'
import { sharedKeySet } from './shared-key-sets.ts'

interface Used {
  readonly source: KeySource
  users: number
}

/**
 * The keys of an issuer, fetched and kept fresh as long as a plugin instance uses them. All instances
 * of a worker that name the same place share them; so they outlive a change of the configuration.
 *
 * @returns to be released with the instance
 */
export function keySource(node: NodeServices, options: KeySourceOptions): KeyProvider {
  const sources = node.keep('jwks sources', () => new Map<string, Used>())
  const name = JSON.stringify(options)
  let used = sources.get(name)
  if (used === undefined) {
    const shared = sharedKeySet(node, name)
    const source = new KeySource(options, { shared, log: node.log, now: () => node.now() })
    sources.set(name, (used = { source, users: 0 }))
    source.start()
  }
  used.users += 1
  const { source } = used
  let isReleased = false

  return {
    get keys() {
      return source.keys
    },
    renew: (kid) => source.renew(kid),
    release() {
      if (isReleased) return
      isReleased = true
      used.users -= 1
      if (used.users > 0) return
      source.close()
      sources.delete(name)
    },
  }
}

/**
 * Keys that stand in the configuration itself.
 *
 * @param value a JSON Web Key Set, already checked
 * @param warn is told of keys that are weak
 */
export function configuredKeys(value: unknown, warn: (message: string) => void): KeyProvider {
  const { keys, warnings } = readKeySet(value, true)
  for (const warning of warnings) warn(warning)
  const trusted = keys.map(({ kid, alg, key }): TrustedKey => ({
    kid,
    alg,
    key,
    usableUntil: Infinity,
  }))
  return { keys: trusted, renew: () => false, release: () => undefined }
}
