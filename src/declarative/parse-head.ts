import type { JsonObject } from '../base/json.ts'
import { MESSAGES } from '../schema/rules.ts'
import type { Violation } from '../schema/violation.ts'
import { commentFault } from './collect.ts'
import type { KindTree } from './kind-tree.ts'

/** What a document says of itself. */
export interface Head {
  readonly formatVersion: string
  /** Paths of routes are in the notation of the formats before 3.0. */
  readonly hasOldPaths: boolean
  /** Values are as people write them, so that passwords are still to be hashed. */
  readonly isPlain: boolean
  readonly violations: readonly Violation[]
}

export const FORMAT_VERSIONS = ['1.1', '2.1', '3.0'] as const

/** Reads the keys of a document that are no lists of entities. */
export function parseHead(document: JsonObject, tree: KindTree): Head {
  const violations: Violation[] = []
  const report = (name: string, message: string | undefined): void => {
    if (message !== undefined) violations.push({ path: [name], message, kind: 'field' })
  }
  const version = document['_format_version']
  report('_format_version', versionFault(version))
  for (const [name, value] of Object.entries(document))
    if (!tree.kinds.has(name)) report(name, headFault(name, value))
  return {
    formatVersion: typeof version === 'string' ? version : '',
    hasOldPaths: version === '1.1' || version === '2.1',
    isPlain: document['_transform'] !== false,
    violations,
  }
}

function headFault(name: string, value: unknown): string | undefined {
  switch (name) {
    case '_format_version':
      return undefined
    case '_transform':
      return value === null || typeof value === 'boolean' ? undefined : 'expected a boolean'
    // For editors; Kong does not know it.
    case '$schema':
      return value === null || typeof value === 'string' ? undefined : 'expected a string'
    case '_comment':
    case '_ignore':
      return commentFault(name, value)
    default:
      return MESSAGES.unknown
  }
}

function versionFault(version: unknown): string | undefined {
  if (version === undefined || version === null) return MESSAGES.required
  if (typeof version !== 'string') return 'expected a string'
  return FORMAT_VERSIONS.some((known) => known === version)
    ? undefined
    : `expected one of: ${FORMAT_VERSIONS.join(', ')}`
}
