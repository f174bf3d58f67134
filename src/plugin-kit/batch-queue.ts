import type { NodeServices } from './plugin.ts'
import type { QueueConfig } from './queue-fields.ts'

/** Sends a batch away. A rejection has it tried again. */
export type Deliver<Entry> = (batch: readonly Entry[]) => Promise<void>

/** What a queue needs of the node. */
export type QueueNode = Pick<NodeServices, 'log' | 'complete' | 'ending'>

export interface QueueTime {
  nowMs(): number
  /** Resolves after so many ms, or when the signal fires. */
  wait(ms: number, signal?: AbortSignal): Promise<void>
}

/**
 * Holds entries until they are delivered, in batches, in order, without keeping a request waiting.
 * A batch that fails is tried again with growing delays, and in the end given up. When too many
 * entries wait, the oldest go. When the thread ends, what waits is tried once, at once.
 */
export class BatchQueue<Entry> {
  readonly #name: string
  readonly #node: QueueNode
  readonly #time: QueueTime
  #config: QueueConfig
  #deliver: Deliver<Entry>
  #waiting: Entry[] = []
  #bytes = 0
  #isRunning = false
  #isFull = false
  #fillUp: AbortController | undefined
  readonly #waits = new Set<AbortController>()

  constructor(
    options: {
      readonly name: string
      readonly config: QueueConfig
      readonly node: QueueNode
      readonly time?: QueueTime
    },
    deliver: Deliver<Entry>,
  ) {
    this.#name = options.name
    this.#node = options.node
    this.#time = options.time ?? CLOCK
    this.#config = options.config
    this.#deliver = deliver
    this.#node.ending.addEventListener('abort', () => {
      for (const wait of this.#waits) wait.abort()
    })
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
    if (!this.#isRunning) this.#node.complete(this.#run())
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
      this.#node.log.error(`Queue "${this.#name}" is full: its oldest entries are dropped`)
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
      if (this.#config.concurrency_limit === -1) this.#node.complete(delivered)
      else await delivered
    }
    this.#isRunning = false
  }

  async #coalesce(): Promise<void> {
    this.#fillUp = new AbortController()
    await this.#wait(this.#config.max_coalescing_delay, this.#fillUp)
    this.#fillUp = undefined
  }

  async #wait(seconds: number, wait = new AbortController()): Promise<void> {
    if (this.#isEnding) return
    this.#waits.add(wait)
    await this.#time.wait(seconds * 1000, wait.signal)
    this.#waits.delete(wait)
  }

  get #isEnding(): boolean {
    return this.#node.ending.aborted
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
        const isTooLate = (this.#time.nowMs() - startedMs) / 1000 + delay > longest
        const isOver = isTooLate || this.#isEnding
        this.#report(batch, error, isOver)
        if (isOver) return
        await this.#wait(delay)
      }
    }
  }

  #report(batch: readonly Entry[], error: unknown, isOver: boolean): void {
    const what = `Queue "${this.#name}" cannot deliver ${batch.length} entries`
    if (isOver) this.#node.log.error(`${what}; they are dropped`, error)
    else
      this.#node.log.warn(
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
    () => new BatchQueue<Entry>({ name, config, node }, deliver),
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
