import type { EntitySet } from '../../entities/entity.ts'
import type { Rule, Warning } from './rule.ts'

interface Use {
  readonly kind: string
  readonly id: string
}

/** Tags that one entity alone bears and that are all but those of others: lists by tag miss it. */
export const danglingTag: Rule = {
  code: 'dangling-tag',
  find: ({ entities }) => {
    const uses = usesOfTags(entities)
    const shared = [...uses].filter(([, bearers]) => bearers.length > 1).map(([tag]) => tag)
    return [...uses].flatMap(([tag, [first, ...others]]): readonly Warning[] => {
      const meant = others.length === 0 ? shared.find((other) => isSlip(tag, other)) : undefined
      if (meant === undefined) return []
      return [
        {
          kind: first!.kind,
          id: first!.id,
          message: `tag "${tag}" is on nothing else`,
          fix: `did you mean "${meant}"?`,
        },
      ]
    })
  },
}

function usesOfTags(entities: EntitySet): ReadonlyMap<string, readonly Use[]> {
  const bearers = Object.entries(entities).flatMap(([kind, rows]) =>
    rows.flatMap(({ id, tags }) =>
      ((tags ?? []) as readonly string[]).map((tag) => ({ tag, kind, id })),
    ),
  )
  return Map.groupBy(bearers, ({ tag }) => tag)
}

const LEAST_LENGTH = 5

/**
 * Whether one word is most likely the other, mistyped: other case or separators, letters swapped, one
 * left out or put in. Another letter or number in the same place is another name: `team-a`, `team-b`.
 */
function isSlip(word: string, other: string): boolean {
  const [a, b] = [bare(word), bare(other)]
  if (a === b) return true
  if (Math.min(a.length, b.length) < LEAST_LENGTH) return false
  if (a.length === b.length) return isSwapped(a, b)
  return a.length < b.length ? hasOneMore(b, a) : hasOneMore(a, b)
}

function bare(word: string): string {
  return word.toLowerCase().replaceAll(/[\s._-]/g, '')
}

function isSwapped(a: string, b: string): boolean {
  const at = firstDifference(a, b)
  const swapped = a.slice(0, at) + a.charAt(at + 1) + a.charAt(at) + a.slice(at + 2)
  return swapped === b
}

function firstDifference(a: string, b: string): number {
  let at = 0
  while (at < a.length && a[at] === b[at]) at += 1
  return at
}

function hasOneMore(longer: string, shorter: string): boolean {
  if (longer.length !== shorter.length + 1) return false
  const at = firstDifference(longer, shorter)
  const isLetter = /\p{L}/u.test(longer.charAt(at))
  return isLetter && longer.slice(0, at) + longer.slice(at + 1) === shorter
}
