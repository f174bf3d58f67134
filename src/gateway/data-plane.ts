import os from 'node:os'
import { MAKING_WAY } from '../base/making-way.ts'
import { BRISK, inSlices, type Pace } from '../base/steps.ts'
import { SharedBytes } from '../base/shared-bytes.ts'
import { WorkQueue } from '../base/work-queue.ts'
import { healthMemory } from '../balancer/health-table.ts'
import type { EntitySet } from '../entities/entity.ts'
import type { AdminAnswer, AdminErrand } from '../plugin-kit/plugin.ts'
import { makeSharedMemory, type ByteStore } from '../plugin-kit/shared-memory.ts'
import type { Settings } from '../settings/settings.ts'
import type { ChangedRow } from '../store/medium.ts'
import type { LogLevel } from '../telemetry/log-level.ts'
import type { Logger } from '../telemetry/logger.ts'
import { changedEntities, orderSteps } from './changed-entities.ts'
import { InboundSharing } from './inbound-share.ts'
import type { ListenerCertificates } from './listener-certificates.ts'
import { packSteps } from './packed-entities.ts'
import type { PortsByListener } from './proxy-listeners.ts'
import { streamPortsAmong } from './stream-ports.ts'
import type {
  Answers,
  InForceSettings,
  PackedContent,
  Question,
  WorkerStart,
} from './worker-messages.ts'
import { WorkerThread, type WorkerThreadEvents } from './worker-thread.ts'

export interface DataPlaneOptions {
  readonly settings: Settings
  readonly nodeId: string
  readonly log: Pick<Logger, 'crit' | 'error'>
  /** Instead of real threads. */
  readonly createWorker?: (start: WorkerStart, events: WorkerThreadEvents) => WorkerHandle
}

/** What the control plane does with a worker. */
export type WorkerHandle = Omit<WorkerThread, never>

/** What is in force, so that a worker that takes another's place can begin with it. */
interface InForce {
  readonly generation: number
  readonly entities: EntitySet
}

interface Listening extends InForceSettings {
  readonly ports: PortsByListener
}

/** A worker that dies sooner than this after its start would die again at once. */
const MIN_LIFE_MS = 1000
const RESTART_AFTER_MS = 1000
/** What is left of a worker that is no longer wanted gets this long to end. */
const GRACE_MS = 60_000

/**
 * The worker threads that serve requests, as the control plane sees them. A configuration is put in
 * force in two steps: all prepare, then all switch; when one refuses, none switches.
 */
export class DataPlane {
  readonly #log: DataPlaneOptions['log']
  readonly #createWorker: NonNullable<DataPlaneOptions['createWorker']>
  readonly #inbound: InboundSharing
  #start: Omit<WorkerStart, 'index' | 'inbound'>
  #workers: WorkerHandle[] = []
  #generation = 0
  #inForce: InForce = { generation: 0, entities: {} }
  /** What is listened on, once it is. */
  #listening: Listening | undefined
  /** What is listened on changes in turn: a worker that comes up meanwhile begins with what is meant then. */
  readonly #listenTurns = new WorkQueue()
  /** Those that have something to serve, and so may listen; others come up yet. */
  readonly #ready = new WeakSet<WorkerHandle>()
  #isClosing = false
  #runErrand = (_errand: AdminErrand): Promise<AdminAnswer> =>
    Promise.reject(new Error('The Admin API is not ready yet'))

  constructor({ settings, nodeId, log, createWorker }: DataPlaneOptions) {
    this.#start = { settings, nodeId, memory: makeSharedMemory(), healthMemory: healthMemory() }
    this.#inbound = new InboundSharing(settings, Date.now())
    this.#log = log
    this.#createWorker = createWorker ?? ((start, events) => new WorkerThread(start, events))
  }

  /** What clients were given to come back with, as all workers see it. */
  get tickets(): ByteStore {
    return new SharedBytes(this.#start.memory.tickets)
  }

  /** @param run answers what plugins want of the Admin API */
  serveErrands(run: (errand: AdminErrand) => Promise<AdminAnswer>): void {
    this.#runErrand = run
  }

  /** Starts the threads, which load their code while the caller reads the configuration. */
  startWorkers(count: number): void {
    while (this.#workers.length < count) this.#workers.push(this.#startWorker(this.#workers.length))
  }

  /**
   * Compiles a configuration in every worker, and leaves the one in force alone.
   *
   * @returns puts it in force everywhere, or drops it
   * @throws {ConfigurationRefused} when a worker cannot serve it; it is dropped then
   */
  async prepare(entities: EntitySet): Promise<Prepared> {
    const ordered = await inSlices(orderSteps(entities), this.#pace)
    return this.#prepare(ordered, await this.#wholeOf(ordered))
  }

  /**
   * Like {@link prepare}, for the configuration in force after a few changes: workers are sent these
   * alone, and compile what depends on them.
   *
   * @throws {ConfigurationRefused}
   */
  prepareChanges(changes: readonly ChangedRow[]): Promise<Prepared> {
    const { generation: base, entities } = this.#inForce
    return this.#prepare(changedEntities(entities, changes), { kind: 'changes', base, changes })
  }

  async #prepare(entities: EntitySet, content: PackedContent): Promise<Prepared> {
    const generation = (this.#generation += 1)
    const workers = [...this.#workers]
    const drop = () => {
      for (const worker of workers) worker.send({ kind: 'discard', generation })
    }
    const prepareIn = async (worker: WorkerHandle): Promise<void> => {
      try {
        if (await worker.prepare(generation, content)) return
        await worker.prepare(generation, await this.#wholeOf(entities))
      } catch (error) {
        // The one in its place begins with what is in force by then.
        if (!worker.isGone) throw error
      }
    }
    try {
      await Promise.all(workers.map(prepareIn))
    } catch (error) {
      drop()
      throw error
    }
    return {
      commit: async () => {
        this.#inForce = { generation, entities }
        await Promise.all(this.#workers.map((worker) => this.#switch(worker, generation, entities)))
      },
      drop,
    }
  }

  /** A worker that came up meanwhile may not have prepared it, or something else since. */
  async #switch(worker: WorkerHandle, generation: number, entities: EntitySet): Promise<void> {
    try {
      while (!(await worker.commit(generation)))
        await worker.prepare(generation, await this.#wholeOf(entities))
    } catch (error) {
      if (!worker.isGone) this.#log.error('A worker stays behind the others', error)
    }
  }

  /** @returns the ports of all listeners, those of streams last; all workers share them */
  async listen(certificates: ListenerCertificates): Promise<readonly number[]> {
    const [first, ...others] = this.#workers
    const ports = await first!.listen(certificates)
    this.#listening = { settings: this.#start.settings, certificates, ports }
    await Promise.all(others.map((worker) => worker.listen(certificates, ports)))
    for (const worker of [first!, ...others]) this.#ready.add(worker)
    return [...ports.values()]
  }

  /** Ports of the stream listeners, in their order. */
  get streamPorts(): readonly number[] {
    return streamPortsAmong(this.#listening?.ports ?? new Map())
  }

  /**
   * Puts changed settings in force, listeners and number of workers included. A worker that comes up
   * takes them over when it serves.
   *
   * @throws {StartFault} when a new address cannot be had; then all is as before
   */
  async applySettings(changed: InForceSettings, workerCount: number): Promise<void> {
    await this.#listenTurns.add(() => this.#listenAnew(changed))
    await this.#resize(workerCount)
  }

  async #listenAnew(changed: InForceSettings): Promise<void> {
    const [first, ...others] = this.#workers.filter(
      (worker) => this.#ready.has(worker) && !worker.isGone,
    )
    const { ports: before } = this.#listening!
    // When there is none, the next one to come up has the system choose.
    const ports = first === undefined ? before : await first.applySettings(changed, before)
    this.#start = { ...this.#start, settings: changed.settings }
    this.#listening = { ...changed, ports }
    await Promise.all(
      others.map((worker) => unlessGone(worker, worker.applySettings(changed, ports))),
    )
  }

  async #resize(count: number): Promise<void> {
    const surplus = this.#workers.splice(count)
    // Not awaited: their exchanges may take their time.
    for (const worker of surplus) void worker.drain(GRACE_MS)
    const added = Array.from({ length: count - this.#workers.length }, (_, index) =>
      this.#startWorker(this.#workers.length + index),
    )
    this.#workers.push(...added)
    await Promise.all(added.map((worker) => unlessGone(worker, this.#bringUp(worker))))
  }

  /** Workers that have just died have nothing to say. */
  ask<About extends Question['about']>(
    question: Extract<Question, { about: About }>,
  ): Promise<readonly Answers[About][]> {
    const present = this.#workers.filter((worker) => !worker.isGone)
    return Promise.all(present.map((worker) => worker.ask(question)))
  }

  /** Asks the first worker, where any would do. */
  askOne<About extends Question['about']>(
    question: Extract<Question, { about: About }>,
  ): Promise<Answers[About]> {
    const present = this.#workers.find((worker) => !worker.isGone)
    return (present ?? this.#workers[0]!).ask(question)
  }

  setLogLevel(level: LogLevel): void {
    for (const worker of this.#workers) worker.send({ kind: 'set-log-level', level })
  }

  reopenLogs(): void {
    for (const worker of this.#workers) worker.send({ kind: 'reopen-logs' })
  }

  /** Stops to accept, and lets exchanges in flight end. @param timeoutMs 0: at once */
  async close(timeoutMs: number): Promise<void> {
    this.#isClosing = true
    await Promise.all(this.#workers.map((worker) => worker.drain(timeoutMs)))
  }

  #startWorker(index: number): WorkerHandle {
    const startedAt = Date.now()
    const worker = this.#createWorker(
      { ...this.#start, index, inbound: this.#inbound.share(startedAt) },
      {
        onErrand: (errand) => this.#runErrand(errand),
        onGone: (reason) => {
          // Before anything is served, whoever starts the gateway hears of it.
          if (this.#isClosing || this.#listening === undefined) return
          this.#inbound.onWorkerLost()
          this.#log.crit(`worker ${index} is gone (${reason}), another one takes its place`)
          const lived = Date.now() - startedAt
          const wait = lived < MIN_LIFE_MS ? RESTART_AFTER_MS : 0
          setTimeout(() => void this.#replace(index, worker), wait)
        },
      },
    )
    return worker
  }

  async #replace(index: number, gone: WorkerHandle): Promise<void> {
    if (!this.#isWanted(index, gone)) return
    const worker = this.#startWorker(index)
    this.#workers[index] = worker
    try {
      await this.#bringUp(worker)
    } catch (error) {
      if (this.#isWanted(index, worker)) this.#log.error(`Cannot bring worker ${index} back`, error)
    }
  }

  /** Their number may have changed meanwhile, even to and fro. */
  #isWanted(index: number, worker: WorkerHandle): boolean {
    return !this.#isClosing && this.#workers[index] === worker
  }

  /**
   * Leads a new worker to what the others serve, which may change meanwhile: what they prepare next
   * is sent to this one as well, and may take the place of what it prepared.
   */
  async #bringUp(worker: WorkerHandle): Promise<void> {
    let meant: InForce
    let isServed: boolean
    do {
      meant = this.#inForce
      const { generation, entities } = meant
      await worker.prepare(generation, await this.#wholeOf(entities))
      isServed = await worker.commit(generation)
    } while (!isServed || meant !== this.#inForce)
    await this.#listenTurns.add(async () => {
      const listening = this.#listening!
      this.#ready.add(worker)
      const ports = await worker.applySettings(listening, listening.ports)
      this.#listening = { ...listening, ports }
    })
  }

  async #wholeOf(entities: EntitySet): Promise<PackedContent> {
    return { kind: 'whole', entities: await inSlices(packSteps(entities), this.#pace) }
  }

  /** Before anything is listened on there are no requests to make way for. */
  get #pace(): Pace {
    return this.#listening === undefined ? BRISK : MAKING_WAY
  }
}

/** What a worker that has died was to do, the one in its place does when it comes up. */
async function unlessGone(worker: WorkerHandle, work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!worker.isGone) throw error
  }
}

export interface Prepared {
  /** Resolves when every worker serves it. */
  commit(): Promise<void>
  drop(): void
}

export function workerCount({ nginx_worker_processes: count }: Settings): number {
  return count === 'auto' ? os.availableParallelism() : Number(count)
}
