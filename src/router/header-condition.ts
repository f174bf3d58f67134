import { asciiLower, toBytes } from './byte-text.ts'
import type { Condition } from './condition.ts'
import { compilePattern, type Pattern } from './pattern.ts'
import type { RoutingRequest } from './route-match.ts'

/**
 * Holds when any line of a header has one of the values, or fits one of the patterns written
 * `~*pattern`; letter case does not matter.
 *
 * @param patternsAlone a pattern counts as one only when it is the single value: flavour traditional
 */
export function headerCondition(
  name: string,
  values: readonly string[],
  patternsAlone: boolean,
): Condition {
  const plain = new Set<string>()
  const patterns: Pattern[] = []
  for (const value of values) {
    if (value.startsWith('~*') && (!patternsAlone || values.length === 1))
      patterns.push(compilePattern(value.slice(2), { isAnchored: false, ignoresCase: true }))
    else plain.add(asciiLower(toBytes(value)))
  }
  const lower = name.toLowerCase()
  const read = headerReader(lower)
  return {
    kind: 'headers',
    holds(request) {
      for (const line of read(request)) {
        const value = asciiLower(line)
        if (plain.has(value)) return true
        for (const pattern of patterns) if (pattern.test(value)) return true
      }
      return false
    },
    failure: (request) =>
      `${lower}: ${listed(read(request)) || 'no value'} is not one of ${values.join(', ')}`,
  }
}

/**
 * Reads a header by a configured name. One written with `_` also means the name with `-`, which
 * comes first: that is the one proxies pass on.
 */
export function headerReader(name: string): (request: RoutingRequest) => readonly string[] {
  if (!name.includes('_')) return (request) => request.headerValues(name)
  const dashed = name.replaceAll('_', '-')
  return (request) => {
    const values = request.headerValues(dashed)
    return values.length > 0 ? values : request.headerValues(name)
  }
}

function listed(values: readonly string[]): string {
  return values.map((value) => `"${value}"`).join(', ')
}
