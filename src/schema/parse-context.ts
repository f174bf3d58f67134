import type { RuleContext } from './rules.ts'
import type { Violation } from './violation.ts'

/** Where parsing is and what it has found so far; changed in place. */
export interface ParseContext extends RuleContext {
  readonly path: (string | number)[]
  readonly violations: Violation[]
}

export function newContext(rules: RuleContext): ParseContext {
  return { ...rules, path: [], violations: [] }
}
