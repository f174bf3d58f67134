import { Worker } from 'node:worker_threads'
import { timerLimit } from '../base/timer-limit.ts'
import type { AdminAnswer, AdminErrand } from '../plugin-kit/plugin.ts'
import { ConfigurationRefused } from './configuration-refused.ts'
import type { PortsByListener } from './proxy-listeners.ts'
import { StartFault } from './start-fault.ts'
import type { ListenerCertificates } from './listener-certificates.ts'
import type {
  Answers,
  FromWorker,
  InForceSettings,
  PackedContent,
  Question,
  ToWorker,
  WorkerStart,
} from './worker-messages.ts'

export interface WorkerThreadEvents {
  /** It ended without having been asked to. Called once. */
  onGone(reason: string): void
  /** A plugin wants something of the Admin API. */
  onErrand(errand: AdminErrand): Promise<AdminAnswer>
}

/** Longer than plugins have for their last work. */
const PATIENCE_MS = 5000

interface Waiting {
  readonly resolve: (message: FromWorker) => void
  readonly reject: (reason: Error) => void
}

/** One worker thread: what it is sent, and what it answers, as promises. */
export class WorkerThread {
  readonly #worker: Worker
  /** By what the answer is told from others; equal ones are answered in order. */
  readonly #waiting = new Map<string, Waiting[]>()
  #lastQuestion = 0
  #isGone = false
  #isDraining = false

  constructor(start: WorkerStart, events: WorkerThreadEvents) {
    const isSource = import.meta.url.endsWith('.ts')
    const entry = isSource ? 'worker-entry.ts' : 'worker-entry.js'
    this.#worker = new Worker(new URL(entry, import.meta.url), {
      workerData: start,
      name: `worker ${start.index}`,
    })
    let reason = 'it ended'
    this.#worker.on('message', (message: FromWorker) => {
      if (message.kind === 'errand') void this.#run(message, events)
      else this.#settle(message)
    })
    this.#worker.on('error', (error) => {
      reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
    })
    this.#worker.on('exit', () => {
      this.#isGone = true
      for (const { reject } of [...this.#waiting.values()].flat())
        reject(new Error(`The worker is gone: ${reason}`))
      this.#waiting.clear()
      if (!this.#isDraining) events.onGone(reason)
    })
  }

  get isGone(): boolean {
    return this.#isGone
  }

  send(message: ToWorker): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    if (!this.#isGone) this.#worker.postMessage(message)
  }

  /**
   * @returns whether it is prepared; it is not when the changes are of something it does not serve
   * @throws {ConfigurationRefused}
   */
  async prepare(generation: number, content: PackedContent): Promise<boolean> {
    const answer = await this.#exchange(`prepared ${generation}`, {
      kind: 'prepare',
      generation,
      content,
    })
    if (answer.kind === 'refused') throw new ConfigurationRefused(answer.reason)
    return answer.kind === 'prepared'
  }

  /**
   * A worker that is gone is no obstacle: the one in its place begins with what is in force.
   *
   * @returns whether it serves it; if not, it has to prepare it again
   */
  async commit(generation: number): Promise<boolean> {
    try {
      const answer = await this.#exchange(`committed ${generation}`, { kind: 'commit', generation })
      return answer.kind === 'committed' && answer.isServed
    } catch (error) {
      if (this.#isGone) return true
      throw error
    }
  }

  /** @param ports those another worker listens on already */
  listen(certificates: ListenerCertificates, ports?: PortsByListener): Promise<PortsByListener> {
    return this.#listening({ kind: 'listen', certificates, ports })
  }

  /** @returns the ports listened on from now on. @throws {StartFault} when all is as before */
  applySettings(changed: InForceSettings, ports?: PortsByListener): Promise<PortsByListener> {
    return this.#listening({ kind: 'apply-settings', ...changed, ports })
  }

  async #listening(message: ToWorker): Promise<PortsByListener> {
    const answer = await this.#exchange('listening', message)
    if (answer.kind === 'listening') return answer.ports
    throw new StartFault(answer.kind === 'not-listening' ? answer.reason : 'Cannot listen')
  }

  async ask<About extends Question['about']>(
    question: Extract<Question, { about: About }>,
  ): Promise<Answers[About]> {
    const id = (this.#lastQuestion += 1)
    const answer = await this.#exchange(`answer ${id}`, { kind: 'ask', id, question })
    if (answer.kind === 'not-answered')
      throw new Error(`A worker cannot answer about ${question.about}: ${answer.reason}`)
    return (answer as Extract<FromWorker, { kind: 'answer' }>).value as Answers[About]
  }

  /**
   * Resolves when the thread has ended.
   *
   * @param timeoutMs for its exchanges to end
   * @param patienceMs so long after that the thread is ended where it stands: it hangs in some code
   */
  async drain(timeoutMs: number, patienceMs = PATIENCE_MS): Promise<void> {
    if (this.#isGone) return
    const exited = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()))
    this.#isDraining = true
    this.send({ kind: 'drain', timeoutMs })
    const end = () => void this.#worker.terminate()
    const limit = setTimeout(end, timerLimit(timeoutMs + patienceMs))
    await exited
    clearTimeout(limit)
  }

  #exchange(key: string, message: ToWorker): Promise<FromWorker> {
    if (this.#isGone) return Promise.reject(new Error('The worker is gone'))
    return new Promise((resolve, reject) => {
      const others = this.#waiting.get(key) ?? []
      this.#waiting.set(key, [...others, { resolve, reject }])
      this.send(message)
    })
  }

  async #run(
    { id, errand }: Extract<FromWorker, { kind: 'errand' }>,
    events: WorkerThreadEvents,
  ): Promise<void> {
    const answer = await events.onErrand(errand).catch((error: unknown) => ({
      status: 500,
      body: { message: (error as Error).message },
    }))
    this.send({ kind: 'errand-done', id, answer })
  }

  #settle(message: Exclude<FromWorker, { kind: 'errand' }>): void {
    const key = keyOf(message)
    const [first, ...others] = this.#waiting.get(key) ?? []
    if (others.length > 0) this.#waiting.set(key, others)
    else this.#waiting.delete(key)
    first?.resolve(message)
  }
}

function keyOf(message: Exclude<FromWorker, { kind: 'errand' }>): string {
  switch (message.kind) {
    case 'prepared':
    case 'refused':
    case 'behind':
      return `prepared ${message.generation}`
    case 'committed':
      return `committed ${message.generation}`
    case 'listening':
    case 'not-listening':
      return 'listening'
    case 'answer':
    case 'not-answered':
      return `answer ${message.id}`
  }
}
