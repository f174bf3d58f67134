import type { ExplainedRecord, ListedRecords, RecordFilter } from '../admin/decision-record.ts'
import { createBalancers } from '../balancer/create-balancers.ts'
import type { Balancers, UpstreamHealth } from '../balancer/peer.ts'
import type { ClientCertificate } from '../balancer/probe.ts'
import type { RememberingSource } from '../consumer-source/consumer-source.ts'
import { BRISK, GENTLE, inSlices, type Pace } from '../base/steps.ts'
import { DeadlineWheel } from '../base/deadline-wheel.ts'
import type { Entity } from '../entities/entity.ts'
import { publicKeySet } from '../entities/public-keys.ts'
import type { AdminAnswer, NodeServices } from '../plugin-kit/plugin.ts'
import type { ProxyContext } from '../proxy/context.ts'
import { chooseSockets } from '../proxy/transport/choose-sockets.ts'
import type { Sockets } from '../proxy/transport/sockets.ts'
import { SpoolMemory, type SpoolRoom } from '../proxy/spool/spool-room.ts'
import { UpstreamPool, type UpstreamPoolOptions } from '../proxy/upstream-pool.ts'
import type { RouterFlavor } from '../router/route-match.ts'
import type { Settings } from '../settings/settings.ts'
import { http2Upstreams } from '../settings/upstream-http2.ts'
import { parseSize } from '../settings/size.ts'
import type { LogLevel } from '../telemetry/log-level.ts'
import { consumerSourceOf } from './consumer-source-of.ts'
import { CertificateIndex } from './certificate-index.ts'
import { dnsSettingsOf } from './dns-settings-of.ts'
import type { ListenerCertificates } from './listener-certificates.ts'
import { hasDatabase } from './database-of.ts'
import { enabledPlugins } from './enabled-plugins.ts'
import { CredentialUses } from './credential-uses.ts'
import { isRecording } from './decision-records.ts'
import { DecisionRecorder } from './decision-recorder.ts'
import { explainRecord } from './explain-record.ts'
import { watchExchanges } from './watch-exchanges.ts'
import { LastWork } from './last-work.ts'
import { openLogs, type Logs } from './logs.ts'
import { MemorySettler } from './memory-settler.ts'
import { nodeServices } from './node-services.ts'
import { unpackSteps } from './packed-entities.ts'
import { PluginCertificates } from './plugin-certificates.ts'
import { prefixLayout } from './prefix-layout.ts'
import { ProxyListeners, type PortsByListener } from './proxy-listeners.ts'
import { proxyRules } from './proxy-rules.ts'
import { ServingSnapshot, type ServingOptions } from './serving-snapshot.ts'
import { TicketKeys } from './ticket-keys.ts'
import { StreamPlane } from './stream-plane.ts'
import { tlsRules } from './tls-rules.ts'
import { upstreamTlsDefaults } from './upstream-tls-defaults.ts'
import { WorkerPlugins } from './worker-plugins.ts'
import type {
  Content,
  ForgottenConsumers,
  InForceSettings,
  PackedContent,
  PluginRoute,
  PluginRouteRequest,
  Question,
  WorkerStart,
  WorkerStatus,
} from './worker-messages.ts'

/** Whether a configuration can be served, and if not, why; see the messages of these kinds. */
type PrepareOutcome =
  | { readonly kind: 'prepared' | 'behind' }
  | { readonly kind: 'refused'; readonly reason: string }

/** What plugins still have to write or send when the last exchange has ended may take this long. */
const LAST_WORK_MS = 2000

interface WorkerParts {
  readonly logs: Logs
  readonly sockets: Sockets
  readonly administer: NonNullable<NodeServices['administer']>
  /** An error: why it cannot be used, for which no configuration can be served. */
  readonly consumerSource: RememberingSource | Error | undefined
}

/** The data plane of one worker thread, and what the control plane may have done with it. */
export class WorkerPlane {
  readonly #logs: Logs
  readonly #balancers: Balancers
  readonly #serving: ServingSnapshot
  readonly #context: ProxyContext
  readonly #certificates: CertificateIndex
  readonly #node: NodeServices
  #settings: Settings
  readonly #listeners: ProxyListeners
  readonly #memory = new MemorySettler(() => this.#context.counters.requests)
  readonly #streams: StreamPlane
  /** Absent where the configuration has all consumers. */
  readonly #consumerSource: RememberingSource | Error | undefined
  /** Absent where nothing is recorded. */
  readonly #decisions: DecisionRecorder | undefined
  readonly #uses = new CredentialUses()
  readonly #plugins: WorkerPlugins
  readonly #lastWork = new LastWork()

  /** @param administer has the Admin API do something for a plugin */
  static async create(
    start: WorkerStart,
    administer: NonNullable<NodeServices['administer']>,
  ): Promise<WorkerPlane> {
    const logs = openLogs(start.settings)
    const choice = start.settings.transport as 'auto' | 'fast' | 'public'
    const sockets = await chooseSockets(choice, (message) => logs.error.warn(message))
    const consumerSource = await consumerSourceOf(start.settings, logs.error).catch(
      (error: Error) => error,
    )
    return new WorkerPlane(start, { logs, sockets, administer, consumerSource })
  }

  constructor(start: WorkerStart, { logs, sockets, administer, consumerSource }: WorkerParts) {
    const { settings } = start
    this.#settings = settings
    this.#logs = logs
    this.#consumerSource = consumerSource
    const tickets = new TicketKeys(start.inbound.tickets)
    this.#certificates = this.#makeCertificates(tickets)
    this.#balancers = this.#makeBalancers(start)
    this.#plugins = new WorkerPlugins(enabledPlugins(settings).entries, hasDatabase(settings))
    this.#decisions = decisionRecorder(settings)
    this.#node = this.#makeNode(start, administer)
    this.#serving = new ServingSnapshot({
      plugins: this.#plugins.loaded,
      flavor: settings.router_flavor as RouterFlavor,
      balancers: this.#balancers,
      node: this.#node,
      ...upstreamRules(settings),
      onCertificates: (entities) => this.#certificates.replace(entities),
    })
    const wheel = startWheel()
    this.#context = {
      holder: this.#serving,
      balancers: this.#balancers,
      pool: upstreamPool(settings, { sockets, wheel, log: logs.error }),
      sockets,
      wheel,
      spool: spoolRoom(settings.prefix),
      ...proxyRules(settings),
      ...watchExchanges({ settings, logs, recorder: this.#decisions, uses: this.#uses }),
      log: logs.error,
      counters: { accepted: 0, handled: 0, active: 0, requests: 0, reading: 0, writing: 0 },
    }
    this.#streams = new StreamPlane({
      settings,
      logs,
      holder: this.#serving,
      sockets,
      wheel,
      realIp: { isTrusted: (ip) => this.#context.realIp.isTrusted(ip) },
      certificates: this.#certificates,
      capLimits: () => this.#context.limits,
      inbound: start.inbound,
      index: start.index,
    })
    this.#listeners = new ProxyListeners({
      context: this.#context,
      certificates: this.#certificates,
      tickets,
      start,
    })
  }

  #makeNode(
    { nodeId, memory }: WorkerStart,
    administer: NonNullable<NodeServices['administer']>,
  ): NodeServices {
    const consumerSource = this.#consumerSource
    return nodeServices({
      nodeId,
      memory,
      log: this.#logs.error,
      lastWork: this.#lastWork,
      settings: () => this.#settings,
      administer,
      statistics: () => this.status(),
      upstreamHealth: (upstreamId) => this.#balancers.health(upstreamId),
      consumerSource: consumerSource instanceof Error ? undefined : consumerSource,
    })
  }

  #makeCertificates(tickets: TicketKeys): CertificateIndex {
    const rules = () => tlsRules(this.#settings, tickets.keys(Date.now()))
    const warn = (message: string) => this.#logs.error.warn(message)
    const serving = () => this.#serving.current
    return new CertificateIndex({
      rules,
      warn,
      elsewhere: new PluginCertificates({ serving, rules, warn }),
    })
  }

  #makeBalancers({ settings, healthMemory, index }: WorkerStart): Balancers {
    return createBalancers({
      dns: dnsSettingsOf(settings),
      log: this.#logs.error,
      healthMemory,
      // There is always a first worker: one that dies is replaced by another of its number.
      runsActiveChecks: index === 0,
      clientCertificate: (id) => {
        const row = this.#serving.current.entities.byId('certificates', id)
        return row as (Entity & ClientCertificate) | undefined
      },
    })
  }

  async prepare(generation: number, packed: PackedContent): Promise<PrepareOutcome> {
    if (this.#consumerSource instanceof Error)
      return { kind: 'refused', reason: this.#consumerSource.message }
    try {
      // What is prepared first is prepared before anything is listened on.
      const pace = this.#serving.current.version === 0 ? BRISK : GENTLE
      const content = await unpacked(packed, pace)
      await this.#plugins.loadFor(content)
      const isPrepared = await this.#serving.prepare(generation, content, pace)
      return { kind: isPrepared ? 'prepared' : 'behind' }
    } catch (error) {
      return { kind: 'refused', reason: (error as Error).message }
    }
  }

  /** @returns whether it is served from now on */
  commit(generation: number): boolean {
    const isServed = this.#serving.commit(generation)
    this.#memory.soon()
    return isServed
  }

  discard(generation: number): void {
    this.#serving.discard(generation)
  }

  /** @param ports to use where the system chose them for another worker */
  listen(
    certificates: ListenerCertificates,
    ports: PortsByListener | undefined,
  ): Promise<PortsByListener> {
    return this.#listen({ settings: this.#settings, certificates }, ports)
  }

  /**
   * Puts changed settings in force where a running process can: see `settingsNeedingRestart`.
   *
   * @throws {StartFault} when it cannot listen where it should; then all is as before
   */
  async applySettings(
    changed: InForceSettings,
    ports: PortsByListener | undefined,
  ): Promise<PortsByListener> {
    const rules = proxyRules(changed.settings)
    const taken = await this.#listen(changed, ports)
    Object.assign(this.#context, rules)
    this.#settings = changed.settings
    this.#certificates.renew()
    return taken
  }

  /** Opens all or nothing. */
  async #listen(
    inForce: InForceSettings,
    ports: PortsByListener | undefined,
  ): Promise<PortsByListener> {
    const streams = await this.#streams.open(inForce, ports)
    try {
      const taken = await this.#listeners.update(inForce, ports)
      streams.commit()
      return new Map([...taken, ...streams.ports])
    } catch (error) {
      streams.drop()
      throw error
    }
  }

  setLogLevel(level: LogLevel): void {
    this.#logs.error.setLevel(level)
    this.#streams.setLogLevel(level)
  }

  reopenLogs(): void {
    this.#logs.reopen()
  }

  status(): WorkerStatus {
    return {
      connections: this.#context.counters,
      streams: this.#streams.counters,
      heapBytes: process.memoryUsage().heapUsed,
    }
  }

  health(upstreamId: string): UpstreamHealth | undefined {
    return this.#balancers.health(upstreamId)
  }

  /** An endpoint of the Admin API that a plugin brings. */
  async answerPluginRoute(
    { plugin: name, index }: PluginRoute,
    request: PluginRouteRequest,
  ): Promise<AdminAnswer> {
    const plugin = (await this.#plugins.load(name))!
    const { current } = this.#serving
    current.configured.readyAllOf(plugin)
    return plugin.adminRoutes[index]!.handle({
      ...request,
      node: this.#node,
      entities: current.entities,
    })
  }

  /** What a source of consumers said is looked up again; all of it, or what is about one value. */
  forgetConsumers(which: ForgottenConsumers | undefined): void {
    const source = this.#consumerSource
    if (source === undefined || source instanceof Error) return
    if (which === undefined) source.forget()
    else source.forgetOne(which.kind, which.value)
  }

  setHealth({
    upstreamId,
    targetId,
    isHealthy,
    address,
  }: Extract<Question, { about: 'set-health' }>): string | undefined {
    return this.#balancers.setHealth(upstreamId, targetId, isHealthy, address)
  }

  /** What is known of requests whose id begins so, the newest first. */
  explainRecords(prefix: string): readonly ExplainedRecord[] {
    const sources = { snapshot: this.#serving.current, plugins: this.#plugins.loaded }
    const records = this.#decisions?.find(prefix) ?? []
    return records.map((record) => explainRecord(record, sources))
  }

  /** Workers have keys with their references to secrets resolved. */
  publicKeys(keySetId: string): object {
    return publicKeySet(this.#serving.current.entities.referring('keys', 'set', keySetId))
  }

  /** When credentials were last used, in Unix seconds by id. */
  lastUses(credentialIds: readonly string[]): ReadonlyMap<string, number> {
    return this.#uses.of(credentialIds)
  }

  decisions(filter: RecordFilter): ListedRecords {
    return this.#decisions?.list(filter) ?? { records: [], passedOver: 0 }
  }

  /** Resolves when all exchanges have ended, or the time is up, and what they had logged is out. */
  async drain(timeoutMs: number): Promise<void> {
    await Promise.all([this.#listeners.close(timeoutMs), this.#streams.close(timeoutMs)])
    await this.#lastWork.end(LAST_WORK_MS)
    this.#balancers.close()
    this.#serving.close()
    await this.#logs.flush()
  }
}

async function unpacked(content: PackedContent, pace: Pace): Promise<Content> {
  if (content.kind === 'changes') return content
  return { kind: 'whole', entities: await inSlices(unpackSteps(content.entities), pace) }
}

/** How upstreams are reached where services do not say. */
function upstreamRules(settings: Settings): Pick<ServingOptions, 'tlsDefaults' | 'speaksHttp2'> {
  return {
    tlsDefaults: upstreamTlsDefaults(settings),
    speaksHttp2: http2Upstreams(settings.upstream_http2).has,
  }
}

function upstreamPool(
  settings: Settings,
  shared: Pick<UpstreamPoolOptions, 'sockets' | 'wheel' | 'log'>,
): UpstreamPool {
  return new UpstreamPool({
    ...shared,
    size: settings.upstream_keepalive_pool_size,
    idleTimeoutMs: settings.upstream_keepalive_idle_timeout * 1000 || Infinity,
    requestsPerConnection: settings.upstream_keepalive_max_requests || Infinity,
  })
}

function startWheel(): DeadlineWheel {
  const wheel = new DeadlineWheel(Date.now())
  wheel.start()
  return wheel
}

function spoolRoom(prefix: string): SpoolRoom {
  const { requestBodies, responseBodies } = prefixLayout(prefix)
  return { requests: requestBodies, responses: responseBodies, memory: new SpoolMemory() }
}

function decisionRecorder(settings: Settings): DecisionRecorder | undefined {
  if (!isRecording(settings)) return undefined
  const { decision_records: count, decision_records_sample: sample } = settings
  return new DecisionRecorder({ count, bytes: parseSize(settings.decision_records_size)!, sample })
}
