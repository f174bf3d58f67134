import { looksLikeReference, parseReference, type VaultReference } from './vault-reference.ts'

/** One place secrets come from. */
export type SecretSource = (reference: VaultReference) => string | { readonly fault: string }

export type Resolved = string | { readonly fault: string }

/** Finds values of references by their vault. */
export interface SecretResolver {
  /** @param text `{vault://…}` */
  resolve(text: string): Resolved
}

/** @param sources by name of a vault or prefix of a `vaults` entity */
export function secretResolver(sources: ReadonlyMap<string, SecretSource>): SecretResolver {
  return {
    resolve(text) {
      const reference = parseReference(text)
      if ('fault' in reference) return reference
      const source = sources.get(reference.vault)
      if (source === undefined) return { fault: `could not find vault (${reference.vault})` }
      const value = source(reference)
      if (typeof value !== 'string' || reference.key === undefined) return value
      return memberOf(value, reference.key)
    },
  }
}

/**
 * Replaces every reference inside a value, at any depth.
 *
 * @param onFault hears of references without a value; those become the empty string
 * @returns the value itself when there was nothing to replace
 */
export function resolveIn<Value>(
  value: Value,
  resolver: SecretResolver,
  onFault: (reference: string, fault: string) => void,
): Value {
  return replace(value) as Value

  function replace(part: unknown): unknown {
    if (typeof part === 'string') return looksLikeReference(part) ? resolved(part) : part
    if (Array.isArray(part)) return replaceItems(part)
    if (typeof part === 'object' && part !== null) return replaceMembers(part)
    return part
  }

  function resolved(reference: string): string {
    const found = resolver.resolve(reference)
    if (typeof found === 'string') return found
    onFault(reference, found.fault)
    return ''
  }

  function replaceItems(items: readonly unknown[]): readonly unknown[] {
    const replaced = items.map(replace)
    return replaced.some((item, index) => item !== items[index]) ? replaced : items
  }

  function replaceMembers(members: object): object {
    let isChanged = false
    const replaced: Record<string, unknown> = {}
    for (const [name, member] of Object.entries(members)) {
      replaced[name] = replace(member)
      isChanged ||= replaced[name] !== member
    }
    return isChanged ? replaced : members
  }
}

function memberOf(json: string, key: string): Resolved {
  let members: unknown
  try {
    members = JSON.parse(json)
  } catch {
    // Kong's text goes on with the value, which is a secret.
    return noSubfield('unable to json decode value')
  }
  const isRecord = typeof members === 'object' && members !== null && Object.hasOwn(members, key)
  const member = isRecord ? (members as Record<string, unknown>)[key] : undefined
  if (typeof member === 'string') return member
  if (typeof member === 'number' || typeof member === 'boolean') return String(member)
  return noSubfield(`subfield ${key} not found in JSON secret`)
}

function noSubfield(why: string): Resolved {
  return {
    fault: `could not get value from external vault (could not get subfield value: ${why})`,
  }
}
