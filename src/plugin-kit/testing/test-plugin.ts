import type { JsonObject } from '../../base/json.ts'
import type { Parsed } from '../../schema/violation.ts'
import type { PluginEntity } from '../../entities/entity.ts'
import { configValue } from '../../schema/config-value.ts'
import { parseRecord } from '../../schema/parse.ts'
import type { Answer } from '../answer.ts'
import type { Consumer } from '../../entities/entity.ts'
import type { Credential } from '../exchange.ts'
import type { NodeServices, Plugin, PluginContext, PluginHandlers, PluginLog } from '../plugin.ts'
import { fakeEntities, type FakeRows } from './fake-entities.ts'
import { answerWith, replyWith, type FakeResponse } from './fake-response.ts'
import { fakeExchange, type FakeExchange, type FakeRequest } from './fake-exchange.ts'

export interface TestSetting {
  readonly entities?: FakeRows
  readonly request?: FakeRequest
  /** Unix time in ms the plugin sees. Default: 2026-01-01T00:00:00Z. */
  readonly now?: number | (() => number)
  /** Switches the recorder of decisions on: for all, or for refusals alone. */
  readonly recordsDecisions?: boolean | 'refusals'
  /** What the instance is bound to. Default: nothing. */
  readonly scope?: {
    readonly routeId?: string
    readonly serviceId?: string
    readonly consumerId?: string
  }
  /** Takes what plugins log at `warn` and above. */
  readonly logged?: string[]
  /** Stands in for parts of the node. */
  readonly node?: Partial<NodeServices>
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
  /** What the client gets: the upstream's or the plugin's, after the response phases. */
  readonly response: FakeResponse
  readonly body: string
}

/** Plugins made ready once, for several requests: caches and counters live on between them. */
export interface TestGateway {
  send(request?: FakeRequest): Promise<TestOutcome>
  readonly handlers: readonly PluginHandlers[]
}

export const TEST_TIME_MS = Date.UTC(2026, 0, 1)

/**
 * Runs one plugin over one request, from access to log, without sockets, stores or other plugins.
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
  const node = testNode(setting)
  const ordered = plugins.toSorted(([one], [other]) => other.priority - one.priority)
  const handlers = ordered.map(([plugin, config]) =>
    plugin.create(parsedConfig(plugin, config) as never, { ...testContext(plugin, setting), node }),
  )
  return {
    handlers,
    async send(request = setting.request ?? {}) {
      const exchange = fakeExchange(request, {
        startedAtMs: timeOf(setting),
        recordsDecisions: setting.recordsDecisions ?? false,
      })
      const answer = await access(handlers, exchange)
      const { response } = exchange
      const chunks = answer ? answerWith(response, answer) : replyWith(response, request.reply)
      const body = respond(handlers, exchange, chunks)
      const { upstream, consumer, credential } = exchange
      return { answer, upstream, consumer, credential, exchange, response, body }
    },
  }
}

/** The config as `create` gets it: parsed, with defaults. */
export function parsedConfig(
  plugin: Plugin,
  config: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const parsed = parseConfig(plugin, config)
  if (!parsed.ok)
    throw new TypeError(`Cannot test "${plugin.name}": ${JSON.stringify(parsed.violations)}`)
  return configValue(plugin.config, parsed.value['config'] as JsonObject)
}

/** What the schema has against a config: `path: message`, checks across fields without a path. */
export function configFaults(
  plugin: Plugin,
  config: Readonly<Record<string, unknown>>,
): readonly string[] {
  const parsed = parseConfig(plugin, config)
  if (parsed.ok) return []
  return parsed.violations.map(({ path, message }) =>
    [path.join('.'), message].filter(Boolean).join(': '),
  )
}

function parseConfig(
  plugin: Plugin,
  config: Readonly<Record<string, unknown>>,
): Parsed<JsonObject> {
  const spec = {
    type: 'record',
    fields: { config: plugin.config },
    entity_checks: plugin.checks,
  } as const
  return parseRecord(spec, { config })
}

/** What `create` is told, with fakes for all it can reach. */
export function testContext(plugin: Plugin, setting: TestSetting = {}): PluginContext {
  return {
    id: '00000000-0000-4000-8000-000000000001' satisfies PluginEntity['id'],
    name: plugin.name,
    instanceName: undefined,
    routeId: setting.scope?.routeId,
    serviceId: setting.scope?.serviceId,
    consumerId: setting.scope?.consumerId,
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
    log: logInto(setting.logged ?? []),
    now: () => timeOf(setting),
    keep<Value>(name: string, make: () => Value): Value {
      if (!kept.has(name)) kept.set(name, make())
      return kept.get(name) as Value
    },
    setting: (name) => setting.settings?.[name],
    complete: () => undefined,
    ending: new AbortController().signal,
    ...setting.node,
  }
}

function logInto(logged: string[]): PluginLog {
  const take = (message: string): void => void logged.push(message)
  return {
    debug: () => undefined,
    info: () => undefined,
    notice: () => undefined,
    warn: take,
    error: take,
  }
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

function respond(
  handlers: readonly PluginHandlers[],
  exchange: FakeExchange,
  chunks: readonly Buffer[],
): string {
  for (const handler of handlers) handler.headerFilter?.(exchange)
  const sent = [...chunks, Buffer.alloc(0)].map((chunk, index) => {
    const isLast = index === chunks.length
    let bytes: Uint8Array = chunk
    for (const handler of handlers) bytes = handler.bodyFilter?.(exchange, bytes, isLast) ?? bytes
    return bytes
  })
  const body = Buffer.concat(sent)
  exchange.response.bodyBytes = body.length
  for (const handler of handlers) handler.log?.(exchange)
  return body.toString()
}
