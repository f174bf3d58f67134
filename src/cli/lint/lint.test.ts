import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseDeclarative } from '../../declarative/parse.ts'
import { catalogOfSettings } from '../../gateway/catalog-of.ts'
import { routeFinder } from '../../gateway/route-finder.ts'
import { lint, RULES } from './lint.ts'

const SETTINGS = {
  plugins: ['bundled'],
  database: 'off',
  router_flavor: 'traditional_compatible',
} as const
const CONTEXT = { catalog: await catalogOfSettings(SETTINGS), nowSeconds: 1_767_225_600 }

/** Codes and messages of warnings, with those of rules left out that the case is not about. */
function warnings(yaml: string, only?: string): readonly string[] {
  const text = `_format_version: "3.0"\n${yaml}`
  const config = parseDeclarative({ text }, CONTEXT)
  if (!config.ok) throw new Error(config.message)
  return lint({ text, config, findRoute: routeFinder(SETTINGS, config.entities) })
    .filter(({ code }) => only === undefined || code === only)
    .map(({ code, message }) => (only === undefined ? `${code}: ${message}` : message))
}

const LONG = 'a-very-long-secret-that-nobody-will-ever-guess-in-all-their-life'

describe('lint()', () => {
  it('has a page for each rule, and a row in their list', () => {
    const list = readFileSync(new URL('../../../docs/lint/README.md', import.meta.url), 'utf8')
    for (const { code } of RULES) {
      const page = new URL(`../../../docs/lint/${code}.md`, import.meta.url)
      expect(existsSync(page), code).toBe(true)
      expect(list).toContain(`[${code}](${code}.md)`)
    }
  })

  it('has nothing to say about what is as it should be', () => {
    const yaml = `
services:
- name: orders
  url: http://backends
  routes: [{name: read, paths: [/read], tags: [a, team-b]}, {name: write, paths: [/write], tags: [a, team-c]}]
  plugins: [{name: jwt, config: {claims_to_verify: [exp]}}]
upstreams: [{name: backends, targets: [{target: 10.0.0.1}]}]
consumers:
- {username: ann, jwt_secrets: [{key: k, secret: ${LONG}}]}
- {username: external, custom_id: "5"}
plugins: [{name: acl, config: {allow: [a]}}]
`
    expect(warnings(yaml)).toEqual([])
  })

  it('finds keys of which all but the last are lost', () => {
    const yaml = `
consumers: [{username: ann}]
_ignore: [&ann {username: ann, custom_id: "1"}]
consumers:
- {<<: *ann, username: bob, custom_id: "5", custom_id: "6"}
`
    expect(warnings(yaml, 'repeated-key')).toEqual([
      '"consumers" stands here again: what line 3 says of it is lost',
      '"custom_id" stands here again: what line 6 says of it is lost',
    ])
  })

  it('finds issuers whose tokens or keys may be those of others', () => {
    const issuer = (more: string): string => `
plugins:
- name: jwt
  config: {issuers: [{issuer: "https://a.test"${more}}]}
`
    const audience =
      'jwt on all routes takes every token of https://a.test, also those made for other services'
    const tls =
      'jwt on all routes fetches the keys of https://a.test without TLS: whoever is on the way can make tokens'
    expect(warnings(issuer(''), 'jwt-without-audience')).toEqual([audience])
    expect(warnings(issuer(', audiences: [a]'), 'jwt-without-audience')).toEqual([])
    expect(warnings(issuer(', allow_http: true'), 'jwt-keys-without-tls')).toEqual([tls])
    expect(warnings(issuer(''), 'jwt-keys-without-tls')).toEqual([])
    // Tokens of issuers must end; those of credentials need not.
    const withCredential = `
consumers:
- {username: ann, jwt_secrets: [{key: k, secret: ${LONG}}]}`
    expect(warnings(issuer(''), 'jwt-without-exp')).toEqual([])
    expect(warnings(issuer('') + withCredential, 'jwt-without-exp')).toHaveLength(1)
  })

  it('finds open routes, wherever their guards are', () => {
    const yaml = `
services:
- name: guarded
  url: http://a
  routes: [{name: one, paths: [/one]}]
  plugins: [{name: key-auth}]
- name: half
  url: http://b
  routes:
  - {name: two, paths: [/two], plugins: [{name: key-auth}]}
  - {name: three, paths: [/three]}
  - {name: four, paths: [/four], plugins: [{name: key-auth, enabled: false}]}
`
    expect(warnings(yaml, 'open-route')).toEqual([
      'route "three" has no authentication: open to everyone',
      'route "four" has no authentication: open to everyone',
    ])
  })

  it('finds secrets that can be guessed, and does not look at those that it cannot see', () => {
    const yaml = `
consumers:
- username: ann
  jwt_secrets:
  - {key: short, secret: a-short-one-1234}
  - {key: longer, algorithm: HS512, secret: a-secret-of-more-than-thirty-two-bytes}
  - {key: known, secret: your-256-bit-secret}
  - {key: elsewhere, secret: "{vault://env/x}"}
  - {key: good, secret: ${LONG}}
  keyauth_credentials: [{key: changeme}, {key: short}, {key: 0123456789abcdef}]
  hmacauth_credentials: [{username: ann, secret: hush}]
  basicauth_credentials: [{username: ann, password: secret}]
`
    expect(warnings(yaml, 'weak-secret')).toEqual([
      'the secret of jwt key "short" is shorter than 32 bytes: it can be guessed from a token',
      'the secret of jwt key "longer" is shorter than 64 bytes: it can be guessed from a token',
      'a key of key-auth is shorter than 16 bytes: it can be guessed',
      'the hmac-auth secret of "ann" is shorter than 16 bytes: it can be guessed',
    ])
    expect(warnings(yaml, 'well-known-secret')).toEqual([
      'the secret of jwt key "known" is one that everybody tries first',
      'the secret of jwt key "elsewhere" is a reference, which counts as a text here',
      'a key of key-auth is one that everybody tries first',
    ])
  })

  it.each([
    [
      'a regular expression comes first',
      '{name: a, paths: ["~/.*"]}',
      '{name: b, paths: [/b]}',
      true,
    ],
    ['the same conditions', '{name: a, paths: [/b]}', '{name: b, paths: [/b]}', true],
    ['a shorter path comes later', '{name: a, paths: [/]}', '{name: b, paths: [/b]}', false],
    [
      'only the path itself goes elsewhere',
      '{name: a, paths: ["~/b$"]}',
      '{name: b, paths: [/b]}',
      false,
    ],
    [
      'one of two methods is left',
      '{name: a, paths: [/b], methods: [GET]}',
      '{name: b, paths: [/b], methods: [GET, POST]}',
      false,
    ],
    [
      'a host is a condition more',
      '{name: a, paths: [/b]}',
      '{name: b, paths: [/b], hosts: [x.test]}',
      false,
    ],
    [
      'one with more conditions takes some',
      '{name: a, paths: [/b], hosts: [x.test]}',
      '{name: b, paths: [/b]}',
      false,
    ],
    [
      'paths of its own that are expressions',
      '{name: a, paths: [/]}',
      '{name: b, paths: ["~/b/\\\\d+"]}',
      false,
    ],
  ])('finds routes that others hide: %s', (_what, a, b, isShadowed) => {
    const yaml = `routes:\n- ${a}\n- ${b}\n`
    expect(warnings(yaml, 'shadowed-route')).toEqual(
      isShadowed ? ['route "b" is never taken: "a" takes its requests'] : [],
    )
  })

  it('finds plugins that no request comes to', () => {
    const yaml = `
services:
- {name: lonely, url: http://a, plugins: [{name: cors}]}
- name: full
  url: http://b
  routes:
  - name: one
    paths: [/one]
    plugins:
    - {name: cors}
    - {name: tcp-log, protocols: [tcp], config: {host: a, port: 1}}
  plugins: [{name: cors}]
consumers:
- {username: ann, custom_id: "1", plugins: [{name: rate-limiting, config: {minute: 1}}]}
`
    expect(warnings(yaml, 'idle-plugin')).toEqual([
      'cors on "lonely" never runs: no route leads to its service',
      'tcp-log on "one" never runs: it is for tcp, its route for http, https',
      'cors on "full" never runs: each route of its service has one of its own ("one")',
      'rate-limiting on all routes never runs: it is for a consumer, and no plugin finds out who is there',
    ])
  })

  it('finds what nothing leads to', () => {
    const yaml = `
services: [{name: idle, url: http://backends}]
upstreams:
- {name: backends, targets: [{target: 10.0.0.1, weight: 0}]}
- {name: unused}
consumers:
- {username: nobody, acls: [{group: a}]}
- {username: guest}
plugins: [{name: key-auth, config: {anonymous: guest}}]
`
    expect(warnings(yaml)).toEqual([
      'unused-service: service "idle" has no route: nothing reaches it',
      'empty-upstream: upstream "backends" has no target with a weight: its requests are answered 503',
      'unused-consumer: consumer "nobody" has no credential: nobody can be it',
    ])
  })

  it.each([
    ['team-orders', 'team-ordres', true],
    ['team-orders', 'Team_Orders', true],
    ['team-orders', 'team-order', true],
    ['team-a', 'team-b', false],
    ['team-1', 'team-11', false],
    ['v1', 'v2', false],
    ['public', 'private', false],
  ])('finds tags that are all but another: %s, %s', (shared, own, isFound) => {
    const yaml = `consumers: [{custom_id: a, tags: [${shared}]}, {custom_id: b, tags: [${shared}]}, {custom_id: c, tags: [${own}]}]`
    expect(warnings(yaml, 'dangling-tag')).toEqual(
      isFound ? [`tag "${own}" is on nothing else`] : [],
    )
  })

  it('leaves out what a comment says is meant, for the entity it stands at', () => {
    const yaml = `
routes:
# lint-ok: open-route
- {name: above, paths: [/1]}
- {name: between, paths: [/2]}
- {name: beside, paths: [/3]}   # lint-ok: weak-secret, open-route
- {name: other, paths: [/4]}    # lint-ok: weak-secret
-
  name: below
  _comment: "lint-ok: open-route"
  paths: [/5]
`
    expect(warnings(yaml)).toEqual([
      'open-route: route "between" has no authentication: open to everyone',
      'open-route: route "other" has no authentication: open to everyone',
    ])
  })

  it('leaves out rules that do not count', () => {
    const text = '_format_version: "3.0"\nroutes: [{name: a, paths: [/]}]'
    const config = parseDeclarative({ text }, CONTEXT)
    if (!config.ok) throw new Error(config.message)
    const findRoute = routeFinder(SETTINGS, config.entities)
    expect(lint({ text, config, findRoute })).toMatchObject([
      { code: 'open-route', line: 2, column: 10, kind: 'routes' },
    ])
    expect(lint({ text, config, findRoute }, new Set(['open-route']))).toEqual([])
  })
})
