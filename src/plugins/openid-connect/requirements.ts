import { claimAt, claimText, claimWords, type ClaimSources } from './claims.ts'
import type { Config } from './schema.ts'

/** What a token lacks, or has and must not. */
export interface Shortage {
  readonly what: 'scope' | 'audience' | 'groups' | 'roles' | 'claims' | 'domain'
  /** Of one who reads the log. */
  readonly why: string
  /** What would do, as the challenge of an answer names it. */
  readonly scope?: string
}

const KINDS = ['scopes', 'audience', 'groups', 'roles'] as const

/**
 * Whether the claims are enough for the configuration.
 * @returns `undefined` when they are
 */
export function shortageOf(config: Config, sources: ClaimSources): Shortage | undefined {
  for (const kind of KINDS) {
    const required = config[`${kind}_required`]
    if (required === undefined || required.length === 0) continue
    const has: ReadonlySet<string> = new Set(claimWords(sources, config[`${kind}_claim`]))
    if (required.some((entry) => wordsOf(entry).every((word) => has.has(word)))) continue
    const why = `none of ${required.map((entry) => JSON.stringify(entry)).join(', ')} is among its ${kind}`
    return kind === 'scopes' ? { what: 'scope', why, scope: required[0]! } : { what: kind, why }
  }
  const domain = domainShortage(config.domains, sources)
  if (domain !== undefined) return domain
  const forbidden = config.claims_forbidden?.find((name) => claimAt(sources, [name]) !== undefined)
  return forbidden === undefined
    ? undefined
    : { what: 'claims', why: `it has the claim ${JSON.stringify(forbidden)}` }
}

/** The claim of Google that says of which organisation a user is. */
function domainShortage(
  domains: readonly string[] | undefined,
  sources: ClaimSources,
): Shortage | undefined {
  if (domains === undefined || domains.length === 0) return undefined
  const domain = claimText(sources, ['hd'])
  if (domain !== undefined && domains.includes(domain)) return undefined
  return { what: 'domain', why: `its claim "hd" is none of ${domains.join(', ')}` }
}

function wordsOf(entry: string): readonly string[] {
  return entry.split(/\s+/).filter((word) => word !== '')
}
