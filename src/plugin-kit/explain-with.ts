import type { Decision } from './exchange.ts'
import type { Explain } from './explanation.ts'

/**
 * Explains the decisions of a plugin that makes one check.
 *
 * @param check what it looks at, in a word: `key`, `groups`
 * @param fixes what to do about a refusal, by its code
 */
export function explainWith(check: string, fixes: Readonly<Record<string, string>>): Explain {
  return (decision) => {
    const { verdict, code, plugin, detail = code } = decision
    const text = detail.startsWith(`${plugin}: `) ? detail.slice(plugin.length + 2) : detail
    if (verdict !== 'refused') return { checks: [{ name: check, found: text, verdict: 'ok' }] }
    const fix = Object.hasOwn(fixes, code) ? fixes[code] : undefined
    return {
      checks: [{ name: check, found: foundIn(decision), verdict: text }],
      ...(fix !== undefined && { fix }),
    }
  }
}

/** Facts in a line, as `name apikey`. */
function foundIn({ facts = {} }: Decision): string {
  return Object.entries(facts)
    .flatMap(([name, value]) => {
      const text = Array.isArray(value) ? value.join(', ') : value
      return typeof text === 'string' && text !== '' ? [`${name} ${text}`] : []
    })
    .join(', ')
}
