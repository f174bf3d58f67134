import type { Contender } from './contender.ts'

/** The upstream with nothing before it: what the others add to is seen beside it. */
export function direct(upstreamPort: number): Contender {
  return {
    name: 'direct',
    version: '-',
    url: (guard, door) =>
      guard === 'plain' && door === 'http' ? `http://127.0.0.1:${upstreamPort}` : undefined,
    [Symbol.asyncDispose]: async () => {},
  }
}
