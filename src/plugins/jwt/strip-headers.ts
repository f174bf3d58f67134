import type { Exchange } from '../../plugin-kit/exchange.ts'

/**
 * Makes what keeps a client from sending headers that speak for the gateway. Names that differ in `_`
 * and `-` alone go as well: many servers read both as one.
 */
export function headerStripper(names: readonly string[]): (exchange: Exchange) => void {
  const stripped = new Set(names.map(canonical))
  return ({ request, upstream }) => {
    for (const name of names) upstream.removeHeader(name)
    for (const [name] of request.headers())
      if (name.includes('_') && stripped.has(canonical(name))) upstream.removeHeader(name)
  }
}

function canonical(name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}
