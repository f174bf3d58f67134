import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { connectRaw } from '../../support/raw-client.ts'
import { startGateway } from '../../support/start-gateway.ts'
import { startUpstream } from '../../support/start-upstream.ts'

/** What ways around access rules are made of. */
const PIECES = [
  'private',
  'p%72ivate',
  '%70%72%69vate',
  'PRIVATE',
  'private/',
  'private%2F',
  'open',
  'base',
  'stripped',
  '/',
  '//',
  '/./',
  '/../',
  '..',
  '.',
  '%2e',
  '%2E%2e',
  '.%2e',
  '%2f',
  '%2F',
  '..%2f',
  '%2e%2e%2f',
  '%252e%252e%252f',
  '\\',
  '..\\',
  '%5c',
  '..%5C',
  ';',
  '..;/',
  ';x=1',
  '%3b',
  '%c0%ae%c0%ae%c0%af',
  '%e0%80%af',
  '%C0%AF',
  '%00',
  '%',
  '%zz',
  '%2',
  '%23',
  '%3f',
  '\u00e9',
  '~',
  '%7E',
] as const

const target = fc
  .array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 7 })
  .chain((parts) =>
    fc
      .constantFrom(
        '/',
        '/private',
        '/private/',
        '/private/../',
        '/open/',
        '/stripped/',
        '/stripped',
      )
      .map((start) => start + parts.join('')),
  )

/** The path that a server makes of another one by RFC 3986 alone: §6.2.2.2 and §5.2.4. */
function resolved(path: string): string {
  const decoded = path.replaceAll(/%([0-9A-Fa-f]{2})/g, (triplet, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16))
    return /[A-Za-z0-9._~-]/.test(character) ? character : triplet.toUpperCase()
  })
  const kept: string[] = []
  for (const segment of decoded.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '.' && segment !== '') kept.push(segment)
  }
  return `/${kept.join('/')}`
}

async function statusOf(port: number, path: string): Promise<number> {
  using client = await connectRaw(port)
  client.send(`GET ${path} HTTP/1.1\r\nHost: x.test\r\nConnection: close\r\n\r\n`)
  return Number((await client.closes()).split(' ')[1])
}

describe('a plugin of one route', () => {
  it('runs for every spelling of its path, and no spelling leaves the path of a service', async () => {
    await using shared = await startUpstream()
    await using below = await startUpstream()
    await using gateway = await startGateway({
      _format_version: '3.0',
      services: [
        {
          name: 'shared',
          url: shared.url,
          routes: [
            {
              name: 'private',
              paths: ['/private'],
              strip_path: false,
              plugins: [{ name: 'key-auth' }],
            },
            { name: 'open', paths: ['/'], strip_path: false },
          ],
        },
        {
          name: 'below',
          url: `${below.url}/base`,
          routes: [{ name: 'stripped', paths: ['/stripped'] }],
        },
      ],
    })
    const seen = new Map<number, number>()
    await fc.assert(
      fc.asyncProperty(target, async (path) => {
        const [before, beforeBelow] = [shared.requests.length, below.requests.length]
        const status = await statusOf(gateway.port, path)
        seen.set(status, (seen.get(status) ?? 0) + 1)
        // 404: a path that is no UTF-8 has no route.
        expect([200, 400, 401, 404]).toContain(status)
        const passed = shared.requests.slice(before).map((line) => line.slice('GET '.length))
        const passedBelow = below.requests
          .slice(beforeBelow)
          .map((line) => line.slice('GET '.length))
        expect(passed.length + passedBelow.length).toBe(status === 200 ? 1 : 0)
        for (const asked of passed) expect(resolved(asked)).not.toMatch(/^\/private/)
        for (const asked of passedBelow) expect(resolved(asked)).toMatch(/^\/base(?:\/|$)/)
        // What was decided about is what is sent: there is nothing left to resolve.
        for (const asked of [...passed, ...passedBelow])
          expect(asked).not.toMatch(/\/\/|\/\.{1,2}(?:\/|$)|%2[eE]|%[0-9A-F]?[a-f]/)
      }),
      { numRuns: 600 },
    )
    expect(seen.get(401)).toBeGreaterThan(20)
    expect(seen.get(200)).toBeGreaterThan(100)
    expect(below.requests.length).toBeGreaterThan(20)
  })
})
