import { generateKeyPairSync } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { selfSignedCertificate } from '../../../src/gateway/self-signed-certificate.ts'
import type { KeyProvider, KeySourceOptions } from '../../../src/plugin-kit/jwks/key-source.ts'
import { keySource } from '../../../src/plugin-kit/jwks/key-sources.ts'
import type { NodeServices } from '../../../src/plugin-kit/plugin.ts'
import { makeSharedMemory, sharedValues } from '../../../src/plugin-kit/shared-memory.ts'
import { testContext } from '../../../src/plugin-kit/testing/test-plugin.ts'
import { jwt } from '../../../src/plugins/jwt/plugin.ts'
import { startUpstream, type TestUpstream } from '../../support/start-upstream.ts'

/** An issuer whose answers a test chooses. */
interface TestIssuer extends TestUpstream {
  /** Names of the keys it publishes. */
  kids: readonly string[]
  /** Answers instead. */
  answer: ((response: ServerResponse, request: IncomingMessage) => void) | undefined
  maxAge: number | undefined
}

const jwks = new Map<string, object>()

function jwkOf(kid: string): object {
  let jwk = jwks.get(kid)
  if (jwk === undefined) {
    const { publicKey } = generateKeyPairSync('ed25519')
    jwks.set(kid, (jwk = { ...publicKey.export({ format: 'jwk' }), kid }))
  }
  return jwk
}

async function startIssuer(...kids: readonly string[]): Promise<TestIssuer> {
  const server = await startUpstream((request, response) => {
    if (issuer.answer !== undefined) return issuer.answer(response, request)
    if (issuer.maxAge !== undefined)
      response.setHeader('cache-control', `public, max-age=${issuer.maxAge}, must-revalidate`)
    response.end(JSON.stringify({ keys: issuer.kids.map(jwkOf) }))
  })
  const issuer: TestIssuer = Object.assign(server, { kids, answer: undefined, maxAge: undefined })
  return issuer
}

/** Workers of one node, with a clock that tests set. */
function startNode(workers = 1): {
  readonly nodes: readonly NodeServices[]
  readonly logged: string[]
  readonly passSeconds: (seconds: number) => void
} {
  let now = Date.UTC(2026, 0, 1)
  const memory = makeSharedMemory()
  const logged: string[] = []
  const nodes = Array.from({ length: workers }, () => {
    const kept = new Map(sharedValues(memory))
    const keep: NodeServices['keep'] = (name, make) => {
      if (!kept.has(name)) kept.set(name, make())
      return kept.get(name) as never
    }
    return testContext(jwt, { node: { keep, now: () => now }, logged }).node
  })
  return { nodes, logged, passSeconds: (seconds) => void (now += seconds * 1000) }
}

function optionsFor(
  { url }: Pick<TestUpstream, 'url'>,
  more: Partial<KeySourceOptions> = {},
): KeySourceOptions {
  return {
    from: { kind: 'jwks', uri: `${url}/keys` },
    ttlSeconds: 300,
    staleSeconds: 600,
    timeoutMs: 30_000,
    allowsHttp: true,
    allowsPrivateAddresses: true,
    ...more,
  }
}

function kidsOf({ keys }: KeyProvider, now?: number): readonly (string | undefined)[] {
  return keys.filter(({ usableUntil }) => usableUntil > (now ?? 0)).map(({ kid }) => kid)
}

const secondsOf = (node: NodeServices): number => Math.floor(node.now() / 1000)

describe('keySource', () => {
  it('fetches once, whoever asks, in whichever worker', async () => {
    await using issuer = await startIssuer('a')
    const { nodes } = startNode(3)
    const sources = nodes.flatMap((node) => [
      keySource(node, optionsFor(issuer)),
      keySource(node, optionsFor(issuer)),
    ])
    await Promise.all(sources.flatMap((source) => ['a', 'b'].map(async (kid) => source.renew(kid))))
    expect(sources.map((source) => kidsOf(source))).toEqual(sources.map(() => ['a']))
    expect(issuer.requests).toEqual(['GET /keys'])
    for (const source of sources) source.release()
  })

  it('gets a new key when a token names it, and withdraws those that are gone', async () => {
    await using issuer = await startIssuer('a', 'b')
    const { nodes, passSeconds } = startNode(2)
    const [one, other] = nodes.map((node) => keySource(node, optionsFor(issuer)))
    await Promise.all([one!.renew(undefined), other!.renew(undefined)])
    const [withdrawn, kept] = one!.keys
    issuer.kids = ['b', 'c']
    passSeconds(5)
    const asked = await Promise.all([one!.renew('c'), one!.renew('c'), other!.renew('c')])
    expect(asked).toEqual([true, true, true])
    expect(kidsOf(one!)).toEqual(['b', 'c'])
    expect(kidsOf(other!)).toEqual(['b', 'c'])
    expect(withdrawn).toMatchObject({ kid: 'a', usableUntil: 0 })
    // What was remembered of a key that stays goes on to count.
    expect(one!.keys[0]).toBe(kept)
    expect(issuer.requests).toHaveLength(2)
  })

  it('is not made to ask again and again', async () => {
    await using issuer = await startIssuer('a')
    const { nodes, passSeconds } = startNode()
    const source = keySource(nodes[0]!, optionsFor(issuer))
    await source.renew(undefined)
    for (let index = 0; index < 20; index += 1) expect(source.renew(`x${index}`)).toBe(false)
    expect(issuer.requests).toHaveLength(1)
    passSeconds(5)
    expect(await source.renew('x')).toBe(false)
    expect(issuer.requests).toHaveLength(2)
    // The same key is not looked for once more so soon; another one is.
    passSeconds(5)
    expect(source.renew('x')).toBe(false)
    expect(issuer.requests).toHaveLength(2)
    await source.renew('y')
    expect(issuer.requests).toHaveLength(3)
    passSeconds(30)
    issuer.kids = ['x']
    expect(await source.renew('x')).toBe(true)
  })

  it('follows an issuer that changes its key every second, without asking that often', async () => {
    await using issuer = await startIssuer('k0')
    const { nodes, passSeconds } = startNode(2)
    const sources = nodes.map((node) => keySource(node, optionsFor(issuer)))
    for (const source of sources) await source.renew(undefined)
    let followed = 0
    for (let second = 1; second <= 60; second += 1) {
      passSeconds(1)
      const kid = `k${second}`
      issuer.kids = [kid]
      for (const source of sources)
        if (await source.renew(kid)) {
          followed += 1
          expect(kidsOf(source, secondsOf(nodes[0]!))).toEqual([kid])
        }
    }
    expect(followed).toBeGreaterThan(0)
    expect(issuer.requests.length).toBeLessThanOrEqual(1 + 60 / 5)
    // Once it has settled the first token finds its key.
    passSeconds(5)
    const [one] = sources
    await one!.renew('k60')
    expect(kidsOf(one!, secondsOf(nodes[0]!))).toEqual(['k60'])
  })

  it('forgets which keys were absent when the set has changed', async () => {
    await using issuer = await startIssuer('a')
    const { nodes, passSeconds } = startNode()
    const source = keySource(nodes[0]!, optionsFor(issuer))
    await source.renew(undefined)
    passSeconds(5)
    await source.renew('b')
    issuer.kids = ['a', 'c']
    passSeconds(5)
    await source.renew('c')
    issuer.kids = ['a', 'b', 'c']
    passSeconds(5)
    expect(await source.renew('b')).toBe(true)
  })

  it('outlives a change of the configuration, and ends with its last user', async () => {
    await using issuer = await startIssuer('a')
    const { nodes } = startNode()
    const before = keySource(nodes[0]!, optionsFor(issuer))
    await before.renew(undefined)
    const after = keySource(nodes[0]!, optionsFor(issuer))
    before.release()
    before.release()
    expect(after.keys).toBe(before.keys)
    after.release()
    // What was fetched is still known to the node.
    const later = keySource(nodes[0]!, optionsFor(issuer))
    expect(kidsOf(later)).toEqual(['a'])
    expect(issuer.requests).toHaveLength(1)
  })

  it('keeps a set for as long as the server says, and no longer than a day', async () => {
    await using issuer = await startIssuer('a')
    for (const [maxAge, lifetime] of [
      [undefined, 300],
      [900, 900],
      [1, 30],
      [1e7, 86_400],
    ] as const) {
      issuer.maxAge = maxAge
      const { nodes } = startNode()
      const source = keySource(nodes[0]!, optionsFor(issuer))
      await source.renew(undefined)
      expect(source.keys[0]!.usableUntil - secondsOf(nodes[0]!)).toBe(lifetime + 600)
    }
  })
})

describe('keySource › while the issuer is in trouble', () => {
  const troubles: Readonly<Record<string, NonNullable<TestIssuer['answer']>>> = {
    'is down': (response) => void response.socket!.destroy(),
    'answers 500': (response) => void response.writeHead(500).end(),
    'answers 404': (response) => void response.writeHead(404).end('{"keys":[]}'),
    'serves garbage': (response) => void response.end('<html>'),
    'serves another document': (response) => void response.end('{"issuer":"x"}'),
    'serves no key': (response) => void response.end('{"keys":[]}'),
    'serves secrets': (response) => void response.end('{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}'),
    'serves keys for encryption': (response) =>
      void response.end(JSON.stringify({ keys: [{ ...jwkOf('e'), use: 'enc' }] })),
    'breaks off': (response) => {
      response.writeHead(200, { 'content-length': 1000 }).write('{"keys":[')
      response.socket!.end()
    },
    'sends for ever': (response) => {
      const send = (): void => {
        if (!response.destroyed) response.write(' '.repeat(65_536), send)
      }
      send()
    },
    'redirects elsewhere': (response) =>
      void response.writeHead(302, { location: 'http://localhost:9/keys' }).end(),
    'redirects in circles': (response, { url = '' }) =>
      void response.writeHead(302, { location: `${url}x` }).end(),
    'redirects to nowhere': (response) => void response.writeHead(302).end(),
    'redirects to a file': (response) =>
      void response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
  }

  it.each(Object.keys(troubles))('it %s: the last good keys are used on', async (trouble) => {
    await using issuer = await startIssuer('a')
    const { nodes, logged, passSeconds } = startNode()
    const [node] = nodes as [NodeServices]
    const source = keySource(node, optionsFor(issuer))
    await source.renew(undefined)
    issuer.answer = troubles[trouble]
    passSeconds(240)
    expect(await source.renew('b')).toBe(false)
    expect(kidsOf(source, secondsOf(node))).toEqual(['a'])
    expect(logged).toEqual([expect.stringContaining(`Cannot get the keys at ${issuer.url}/keys: `)])
    passSeconds(659)
    expect(kidsOf(source, secondsOf(node))).toEqual(['a'])
    passSeconds(1)
    expect(kidsOf(source, secondsOf(node))).toEqual([])
    issuer.answer = undefined
    expect(await source.renew('b')).toBe(false)
    expect(kidsOf(source, secondsOf(node))).toEqual(['a'])
  })

  it('it is slow: nobody waits longer than is said', async () => {
    await using issuer = await startIssuer('a')
    issuer.answer = () => undefined
    const { nodes, logged } = startNode()
    const source = keySource(nodes[0]!, optionsFor(issuer, { timeoutMs: 50 }))
    expect(await source.renew('a')).toBe(false)
    expect(logged).toEqual([expect.stringContaining('no whole answer within 50 ms')])
  })

  it('it stops in the middle: nobody waits longer than is said', async () => {
    await using issuer = await startIssuer('a')
    issuer.answer = (response) => void response.writeHead(200).write('{"keys":')
    const { nodes, logged } = startNode()
    const source = keySource(nodes[0]!, optionsFor(issuer, { timeoutMs: 50 }))
    expect(await source.renew('a')).toBe(false)
    expect(logged).toHaveLength(1)
  })

  it('is asked more and more rarely', async () => {
    await using issuer = await startIssuer('a')
    issuer.answer = troubles['is down']
    const { nodes, passSeconds } = startNode()
    const source = keySource(nodes[0]!, optionsFor(issuer))
    await source.renew('a')
    const asked = async (): Promise<number> => {
      await source.renew(undefined)
      return issuer.requests.length
    }
    expect(await asked()).toBe(1)
    passSeconds(1)
    expect(await asked()).toBe(2)
    passSeconds(1)
    expect(await asked()).toBe(2)
    passSeconds(1)
    expect(await asked()).toBe(3)
    passSeconds(3)
    expect(await asked()).toBe(3)
  })
})

describe('keySource › what may be asked', () => {
  async function faultOf(more: Partial<KeySourceOptions>, issuer: TestUpstream): Promise<string> {
    const { nodes, logged } = startNode()
    const source = keySource(nodes[0]!, optionsFor(issuer, more))
    await source.renew(undefined)
    source.release()
    return logged.join('\n')
  }

  it('is nothing without TLS, unless that is allowed', async () => {
    await using issuer = await startIssuer('a')
    expect(await faultOf({ allowsHttp: false }, issuer)).toContain('only https')
    expect(issuer.requests).toEqual([])
  })

  it.each([
    '127.0.0.1',
    'localhost',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '0x7f.1',
    '2130706433',
    '0.0.0.0',
  ])('is nothing at a private address, unless that is allowed: %s', async (host) => {
    await using issuer = await startIssuer('a')
    const uri = `http://${host}:${issuer.port}/keys`
    const from = { kind: 'jwks', uri } as const
    expect(await faultOf({ from, allowsPrivateAddresses: false }, issuer)).toContain(
      'is a private address',
    )
    expect(issuer.requests).toEqual([])
  })

  it('is nothing whose certificate nobody trusts', async () => {
    const { certificate: cert, key } = await selfSignedCertificate('ecdsa')
    let requests = 0
    const server = createServer({ cert, key }, (_request, response) => {
      requests += 1
      response.end(JSON.stringify({ keys: [jwkOf('a')] }))
    })
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
    try {
      const { port } = server.address() as AddressInfo
      const from = { kind: 'jwks', uri: `https://localhost:${port}/keys` } as const
      const { nodes, logged } = startNode()
      const source = keySource(nodes[0]!, { ...optionsFor({ url: '' }), from })
      await source.renew(undefined)
      expect(kidsOf(source)).toEqual([])
      expect(logged.join()).toMatch(/certificate/i)
      expect(requests).toBe(0)
    } finally {
      server.close()
    }
  })

  it('is another path of the same server, when it says so', async () => {
    await using issuer = await startIssuer('a')
    const { nodes } = startNode()
    issuer.answer = (response, { url }) =>
      void (url === '/keys'
        ? response.writeHead(307, { location: '/moved' }).end()
        : response.end(JSON.stringify({ keys: [jwkOf('a')] })))
    const source = keySource(nodes[0]!, optionsFor(issuer))
    await source.renew(undefined)
    expect(kidsOf(source)).toEqual(['a'])
    expect(issuer.requests).toEqual(['GET /keys', 'GET /moved'])
  })
})

describe('keySource › discovery', () => {
  const documents =
    (byPath: Readonly<Record<string, (url: string) => object>>, { url }: TestUpstream) =>
    (response: ServerResponse, request: IncomingMessage): void => {
      const document = byPath[request.url ?? '']
      if (document === undefined) response.writeHead(404).end()
      else response.end(JSON.stringify(document(url)))
    }
  const keys = () => ({ keys: [jwkOf('a')] })

  async function discover(issuer: TestIssuer, name: string) {
    const { nodes, logged } = startNode()
    const from = { kind: 'discovery', issuer: name } as const
    const source = keySource(nodes[0]!, optionsFor(issuer, { from }))
    await source.renew(undefined)
    return { kids: kidsOf(source), logged: logged.join('\n') }
  }

  it.each([
    ['', '/.well-known/openid-configuration'],
    ['', '/.well-known/oauth-authorization-server'],
    ['/', '/.well-known/openid-configuration'],
    ['/realms/a', '/realms/a/.well-known/openid-configuration'],
    ['/realms/a', '/.well-known/oauth-authorization-server/realms/a'],
  ])('finds the keys of issuer …%s at %s', async (path, at) => {
    await using issuer = await startIssuer()
    const name = `${issuer.url}${path}`
    issuer.answer = documents(
      { [at]: (url) => ({ issuer: name, jwks_uri: `${url}/certs` }), '/certs': keys },
      issuer,
    )
    expect(await discover(issuer, name)).toEqual({ kids: ['a'], logged: '' })
  })

  it('believes nobody who speaks of another issuer', async () => {
    await using issuer = await startIssuer()
    issuer.answer = documents(
      {
        '/.well-known/openid-configuration': (url) => ({
          issuer: 'https://other.test',
          jwks_uri: `${url}/certs`,
        }),
        '/certs': keys,
      },
      issuer,
    )
    const { kids, logged } = await discover(issuer, issuer.url)
    expect(kids).toEqual([])
    expect(logged).toContain('its metadata is of the issuer "https://other.test"')
    expect(issuer.requests).not.toContain('GET /certs')
  })

  it('holds keys to the same rules, wherever they are', async () => {
    await using issuer = await startIssuer()
    issuer.answer = documents(
      { '/.well-known/openid-configuration': (url) => ({ issuer: url, jwks_uri: 'file:///keys' }) },
      issuer,
    )
    const { kids, logged } = await discover(issuer, issuer.url)
    expect(kids).toEqual([])
    expect(logged).toContain('only https')
  })

  it('is not repeated for every set of keys', async () => {
    await using issuer = await startIssuer()
    issuer.answer = documents(
      {
        '/.well-known/openid-configuration': (url) => ({ issuer: url, jwks_uri: `${url}/certs` }),
        '/certs': keys,
      },
      issuer,
    )
    const { nodes, passSeconds } = startNode()
    const from = { kind: 'discovery', issuer: issuer.url } as const
    const source = keySource(nodes[0]!, optionsFor(issuer, { from }))
    await source.renew(undefined)
    passSeconds(5)
    await source.renew('b')
    expect(issuer.requests).toEqual([
      'GET /.well-known/openid-configuration',
      'GET /certs',
      'GET /certs',
    ])
  })
})
