import type { Decision } from './exchange.ts'
import type { EntityLookup } from './plugin.ts'

/** What a plugin tells people of a decision of its own, when they ask. */
export interface Explanation {
  readonly checks: readonly ExplainedCheck[]
  /** What to do so that the next such request passes, e.g. `sign with kid=login`. */
  readonly fix?: string
}

/** One check that a request went through. */
export interface ExplainedCheck {
  /** What was looked at, in a word: `token`, `key`, `signature`. */
  readonly name: string
  /** What was there; secrets masked. */
  readonly found: string
  /** `ok`, or why it was not. */
  readonly verdict: string
  /** What may help: the nearest key. */
  readonly hint?: string
}

/** Explains a noted decision under the entities of the present configuration. */
export type Explain = (decision: Decision, entities: EntityLookup) => Explanation
