import type { PluginEntity } from '../../entities/entity.ts'
import { configValue } from '../../schema/config-value.ts'
import { parseRecord } from '../../schema/parse.ts'
import type { Answer } from '../answer.ts'
import type { Consumer } from '../../entities/entity.ts'
import type { Credential } from '../exchange.ts'
import type { NodeServices, Plugin, PluginContext, PluginHandlers, PluginLog } from '../plugin.ts'
import { fakeEntities, type FakeRows } from './fake-entities.ts'
import { fakeExchange, type FakeExchange, type FakeRequest } from './fake-exchange.ts'

export interface TestSetting {
  readonly entities?: FakeRows
  readonly request?: FakeRequest
  /** Unix time in ms the plugin sees. Default: 2026-01-01T00:00:00Z. */
  readonly now?: number | (() => number)
  /** Switches the recorder of decisions on. */
  readonly recordsDecisions?: boolean
  /** Values of `kong.conf` names. */
  readonly settings?: Readonly<Record<string, unknown>>
}

/** What a request came to. */
export interface TestOutcome {
  /** The gateway's own answer, if a plugin gave one; else the request would go to the upstream. */
  readonly answer: Answer | undefined
  readonly upstream: FakeExchange['upstream']
  readonly consumer: Consumer | undefined
  readonly credential: Credential | undefined
  readonly exchange: FakeExchange
}

/** Plugins made ready once, for several requests: caches and counters live on between them. */
export interface TestGateway {
  send(request?: FakeRequest): Promise<TestOutcome>
  readonly handlers: readonly PluginHandlers[]
}

export const TEST_TIME_MS = Date.UTC(2026, 0, 1)

/**
 * Runs the access phase of one plugin over one request, without sockets, stores or other plugins.
 *
 * @param config as in a configuration file; parsed by the plugin's schema
 * @throws {TypeError} when the schema refuses the config
 */
export function testPlugin(
  plugin: Plugin,
  config: Readonly<Record<string, unknown>> = {},
  setting: TestSetting = {},
): Promise<TestOutcome> {
  return testGateway([[plugin, config]], setting).send(setting.request)
}

/** Makes several plugins ready; they run in order of priority. */
export function testGateway(
  plugins: readonly (readonly [plugin: Plugin, config: Readonly<Record<string, unknown>>])[],
  setting: TestSetting = {},
): TestGateway {
  const ordered = plugins.toSorted(([one], [other]) => other.priority - one.priority)
  const handlers = ordered.map(([plugin, config]) =>
    plugin.create(parsedConfig(plugin, config) as never, testContext(plugin, setting)),
  )
  return {
    handlers,
    async send(request = setting.request ?? {}) {
      const exchange = fakeExchange(request, {
        startedAtMs: timeOf(setting),
        recordsDecisions: setting.recordsDecisions === true,
      })
      const answer = await access(handlers, exchange)
      const { upstream, consumer, credential } = exchange
      return { answer, upstream, consumer, credential, exchange }
    },
  }
}

/** The config as `create` gets it: parsed, with defaults. */
export function parsedConfig(
  plugin: Plugin,
  config: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const parsed = parseRecord(plugin.config, config)
  if (!parsed.ok)
    throw new TypeError(`Cannot test "${plugin.name}": ${JSON.stringify(parsed.violations)}`)
  return configValue(plugin.config, parsed.value)
}

/** What `create` is told, with fakes for all it can reach. */
export function testContext(plugin: Plugin, setting: TestSetting = {}): PluginContext {
  return {
    id: '00000000-0000-4000-8000-000000000001' satisfies PluginEntity['id'],
    name: plugin.name,
    instanceName: undefined,
    routeId: undefined,
    serviceId: undefined,
    consumerId: undefined,
    entities: fakeEntities(setting.entities ?? {}),
    node: testNode(setting),
  }
}

function testNode(setting: TestSetting): NodeServices {
  const kept = new Map<string, unknown>()
  return {
    nodeId: '00000000-0000-4000-8000-00000000000a',
    hostname: 'test',
    version: '3.9.3',
    log: SILENT,
    now: () => timeOf(setting),
    keep<Value>(name: string, make: () => Value): Value {
      if (!kept.has(name)) kept.set(name, make())
      return kept.get(name) as Value
    },
    setting: (name) => setting.settings?.[name],
  }
}

const SILENT: PluginLog = {
  debug: () => undefined,
  info: () => undefined,
  notice: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

function timeOf({ now = TEST_TIME_MS }: TestSetting): number {
  return typeof now === 'number' ? now : now()
}

async function access(
  handlers: readonly PluginHandlers[],
  exchange: FakeExchange,
): Promise<Answer | undefined> {
  for (const handler of handlers) {
    const answer = await handler.access?.(exchange)
    if (answer !== undefined) return answer
  }
  return undefined
}
