import type { NodeServices, PluginLog } from './plugin.ts'
import type { QueueConfig } from './queue-fields.ts'

/** Sends a batch away. A rejection has it tried again. */
export type Deliver<Entry> = (batch: readonly Entry[]) => Promise<void>

export interface QueueTime {
  nowMs(): number
  /** Resolves after so many ms, or when the signal fires. */
  wait(ms: number, signal?: AbortSignal): Promise<void>
}

/**
 * Holds entries until they are delivered, in batches, in order, without keeping a request waiting.
 * A batch that fails is tried again with growing delays, and in the end given up. When too many
 * entries wait, the oldest go.
 */
export class BatchQueue<Entry> {
  readonly #name: string
  readonly #log: PluginLog
  readonly #time: QueueTime
  #config: QueueConfig
  #deliver: Deliver<Entry>
  #waiting: Entry[] = []
  #bytes = 0
  #isRunning = false
  #isFull = false
  #fillUp: AbortController | undefined

  constructor(
    options: {
      readonly name: string
      readonly config: QueueConfig
      readonly log: PluginLog
      readonly time?: QueueTime
    },
    deliver: Deliver<Entry>,
  ) {
    this.#name = options.name
    this.#log = options.log
    this.#time = options.time ?? CLOCK
    this.#config = options.config
    this.#deliver = deliver
  }

  /** A new configuration takes over; what waits is delivered its way. */
  reconfigure(config: QueueConfig, deliver: Deliver<Entry>): void {
    this.#config = config
    this.#deliver = deliver
  }

  get size(): number {
    return this.#waiting.length
  }

  add(entry: Entry): void {
    this.#waiting.push(entry)
    this.#bytes += bytesOf(entry)
    this.#dropOldest()
    if (this.#waiting.length >= this.#batchSize) this.#fillUp?.abort()
    if (!this.#isRunning) void this.#run()
  }

  get #batchSize(): number {
    return this.#config.max_batch_size
  }

  #dropOldest(): void {
    const { max_entries: most, max_bytes: mostBytes = Infinity } = this.#config
    let dropped = 0
    while (this.#waiting.length - dropped > most || this.#bytes > mostBytes) {
      this.#bytes -= bytesOf(this.#waiting[dropped]!)
      dropped += 1
    }
    // Said once, not with every entry, until there is room again.
    if (dropped > 0 && !this.#isFull)
      this.#log.error(`Queue "${this.#name}" is full: its oldest entries are dropped`)
    this.#isFull = dropped > 0
    if (dropped > 0) this.#waiting = this.#waiting.slice(dropped)
  }

  #take(): readonly Entry[] {
    const batch = this.#waiting.splice(0, this.#batchSize)
    for (const entry of batch) this.#bytes -= bytesOf(entry)
    return batch
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    while (this.#waiting.length > 0) {
      if (this.#waiting.length < this.#batchSize) await this.#coalesce()
      const delivered = this.#tryUntilDone(this.#take())
      if (this.#config.concurrency_limit !== -1) await delivered
    }
    this.#isRunning = false
  }

  async #coalesce(): Promise<void> {
    this.#fillUp = new AbortController()
    await this.#time.wait(this.#config.max_coalescing_delay * 1000, this.#fillUp.signal)
    this.#fillUp = undefined
  }

  async #tryUntilDone(batch: readonly Entry[]): Promise<void> {
    const {
      max_retry_time: longest,
      initial_retry_delay: first,
      max_retry_delay: cap,
    } = this.#config
    const startedMs = this.#time.nowMs()
    for (let delay = first; ; delay = Math.min(delay * 2, cap)) {
      try {
        await this.#deliver(batch)
        return
      } catch (error) {
        const isOver = (this.#time.nowMs() - startedMs) / 1000 + delay > longest
        this.#report(batch, error, isOver)
        if (isOver) return
        await this.#time.wait(delay * 1000)
      }
    }
  }

  #report(batch: readonly Entry[], error: unknown, isOver: boolean): void {
    const what = `Queue "${this.#name}" cannot deliver ${batch.length} entries`
    if (isOver) this.#log.error(`${what}; they are dropped`, error)
    else
      this.#log.warn(
        `${what}; it will try again: ${error instanceof Error ? error.message : String(error)}`,
      )
  }
}

/** The queue of this name, made at first use; it outlives configurations. */
export function keepQueue<Entry>(
  node: NodeServices,
  name: string,
  config: QueueConfig,
  deliver: Deliver<Entry>,
): BatchQueue<Entry> {
  const queue = node.keep(
    `queue ${name}`,
    () => new BatchQueue<Entry>({ name, config, log: node.log }, deliver),
  )
  queue.reconfigure(config, deliver)
  return queue
}

function bytesOf(entry: unknown): number {
  return typeof entry === 'string' ? Buffer.byteLength(entry) : 0
}

const CLOCK: QueueTime = {
  nowMs: () => performance.now(),
  wait: (ms, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      // What waits does not keep a process from ending that has nothing else to do.
      timer.unref()
      signal?.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve()
      })
    }),
}
