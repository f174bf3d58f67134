import type { DeclarativeConfig } from '../../declarative/declarative.ts'
import { locator } from '../../declarative/faults.ts'
import type { RouteFinder } from '../../gateway/route-finder.ts'
import { danglingTag } from './dangling-tag.ts'
import { idlePlugin } from './idle-plugin.ts'
import { jwtKeysWithoutTls, jwtWithoutAudience } from './jwt-issuers.ts'
import { jwtWithoutExp } from './jwt-without-exp.ts'
import { openRoute } from './open-route.ts'
import { isAllowedAt } from './opt-out.ts'
import { lintedConfig, type Rule, type Warning } from './rule.ts'
import { repeatedKey } from './repeated-key.ts'
import { weakSecret, wellKnownSecret } from './secrets.ts'
import { shadowedRoute } from './shadowed-route.ts'
import { emptyUpstream, unusedConsumer, unusedService } from './unused.ts'

export const RULES: readonly Rule[] = [
  openRoute,
  jwtWithoutExp,
  jwtWithoutAudience,
  jwtKeysWithoutTls,
  wellKnownSecret,
  weakSecret,
  shadowedRoute,
  idlePlugin,
  unusedService,
  unusedConsumer,
  emptyUpstream,
  danglingTag,
  repeatedKey,
]

/** A warning with its place in the file. */
export interface PlacedWarning extends Warning {
  readonly code: string
}

/** A declarative file as it was read. */
export interface LintedText {
  readonly text: string
  readonly config: DeclarativeConfig
  readonly findRoute: RouteFinder
}

/**
 * Finds what is allowed and most likely not meant, in the order of the file. What a comment in the
 * file says is meant is left out.
 *
 * @param allowed codes of rules that do not count
 */
export function lint(
  { text, config, findRoute }: LintedText,
  allowed: ReadonlySet<string> = new Set(),
): readonly PlacedWarning[] {
  const linted = lintedConfig(config.entities, findRoute, text)
  const found = RULES.filter(({ code }) => !allowed.has(code)).flatMap((rule) =>
    rule.find(linted).map((warning) => ({ code: rule.code, ...warning })),
  )
  if (found.length === 0) return []
  const locate = locator(text)
  const places = config.places()
  const lines = text.split('\n')
  return found
    .map((warning) => {
      if (warning.line !== undefined) return warning
      const path = places.get(`${warning.kind}/${warning.id}`)
      return { ...warning, ...(path && locate({ path, message: warning.message })) }
    })
    .filter(({ code, line }) => line === undefined || !isAllowedAt(lines, line, code))
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
}
