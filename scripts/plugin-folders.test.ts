import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Balancers } from '../src/balancer/peer.ts'
import { parseDeclarative } from '../src/declarative/parse.ts'
import { catalogOf } from '../src/gateway/catalog-of.ts'
import { testContext } from '../src/plugin-kit/testing/test-plugin.ts'
import {
  BUNDLED_PLUGINS,
  BUNDLED_PLUGINS_WITH_DATABASE,
  OPTIONAL_PLUGINS,
} from '../src/plugins/all-plugins.ts'
import { compileSnapshot } from '../src/snapshot/compile.ts'

const ROOT = new URL('../src/plugins/', import.meta.url)
const FOLDERS = readdirSync(ROOT, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
const FLAVOR = 'traditional_compatible'
const ALL_PLUGINS = [...BUNDLED_PLUGINS, ...OPTIONAL_PLUGINS]

const read = (file: string): string => readFileSync(new URL(file, ROOT), 'utf8')

describe.each(FOLDERS)('src/plugins/%s', (folder) => {
  it('has a schema, a plugin, tests and a README', () => {
    const files = readdirSync(new URL(folder, ROOT))
    expect(files).toEqual(expect.arrayContaining(['schema.ts', 'plugin.ts', 'README.md']))
    expect(files.filter((file) => file.endsWith('.test.ts'))).not.toEqual([])
  })

  it('is a line in bundled.ts, under its own name', () => {
    expect(ALL_PLUGINS.map(({ name }) => name)).toContain(folder)
  })

  it('says what it is for, how it is used and what it cannot do', () => {
    const readme = read(`${folder}/README.md`)
    const headings = readme
      .split('\n')
      .filter((line) => line.startsWith('#') && !line.includes('('))
    expect(headings.slice(0, 4)).toEqual([
      `# ${folder}`,
      '## Example',
      '## Limits',
      '## Configuration',
    ])
  })

  it('has an example that the gateway takes', () => {
    const text = /```yaml\n([\s\S]*?)```/.exec(read(`${folder}/README.md`))?.[1] ?? ''
    const catalog = catalogOf({ router_flavor: FLAVOR }, ALL_PLUGINS)
    const parsed = parseDeclarative({ text }, { catalog, nowSeconds: 1_767_225_600 })
    expect(parsed.ok ? [] : parsed.faults).toEqual([])
    if (!parsed.ok) return
    expect(parsed.entities['plugins']?.map(({ name }) => name)).toContain(folder)
    const snapshot = compileSnapshot(parsed.entities, {
      version: 1,
      plugins: new Map(ALL_PLUGINS.map((plugin) => [plugin.name, plugin])),
      flavor: FLAVOR,
      balancers: {} as Balancers,
      node: testContext(BUNDLED_PLUGINS[0]!).node,
    })
    snapshot.retire()
  })
})

describe('bundled.ts', () => {
  it('lists what has a folder, and nothing twice', () => {
    expect(ALL_PLUGINS.map(({ name }) => name).toSorted()).toEqual(FOLDERS.toSorted())
    for (const { name } of ALL_PLUGINS) expect(existsSync(new URL(name, ROOT))).toBe(true)
  })

  it('is in the order in which plugins run', () => {
    const inOrder = BUNDLED_PLUGINS.toSorted(
      (one, other) => other.priority - one.priority || (one.name < other.name ? 1 : -1),
    )
    expect(BUNDLED_PLUGINS.map(({ name }) => name)).toEqual(inOrder.map(({ name }) => name))
  })

  it('has the same plugins with a database', () => {
    const facts = (plugins: typeof BUNDLED_PLUGINS) =>
      plugins.map(({ name, priority }) => [name, priority])
    expect(facts(BUNDLED_PLUGINS_WITH_DATABASE)).toEqual(facts(BUNDLED_PLUGINS))
  })

  /** As Kong publishes them: they decide what runs before what, so they are part of every configuration. */
  it.each(
    Object.entries({
      'pre-function': 1_000_000,
      'correlation-id': 100_001,
      zipkin: 100_000,
      'bot-detection': 2500,
      cors: 2000,
      session: 1900,
      acme: 1705,
      jwt: 1450,
      oauth2: 1400,
      'key-auth': 1250,
      'ldap-auth': 1200,
      'basic-auth': 1100,
      'hmac-auth': 1030,
      'ip-restriction': 990,
      'request-size-limiting': 951,
      acl: 950,
      'rate-limiting': 910,
      'response-ratelimiting': 900,
      'request-transformer': 801,
      'response-transformer': 800,
      redirect: 779,
      'ai-request-transformer': 777,
      'ai-prompt-template': 773,
      'ai-prompt-decorator': 772,
      'ai-prompt-guard': 771,
      'ai-proxy': 770,
      'ai-response-transformer': 768,
      'standard-webhooks': 760,
      'aws-lambda': 750,
      'azure-functions': 749,
      'proxy-cache': 100,
      opentelemetry: 14,
      prometheus: 13,
      'http-log': 12,
      statsd: 11,
      datadog: 10,
      'file-log': 9,
      'udp-log': 8,
      'tcp-log': 7,
      loggly: 6,
      syslog: 4,
      'grpc-web': 3,
      'request-termination': 2,
      'post-function': -1000,
    }),
  )('gives %s its published priority %i', (name, priority) => {
    const plugin = BUNDLED_PLUGINS.find((each) => each.name === name)
    if (plugin !== undefined) expect(plugin.priority).toBe(priority)
  })
})
