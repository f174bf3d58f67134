import { integer, number, record, type RecordOf } from '../schema/field.ts'

const fields = {
  max_batch_size: integer({
    description: 'Maximum number of entries that can be processed at a time.',
    default: 1,
    between: [1, 1_000_000],
  }),
  max_coalescing_delay: number({
    description:
      'Maximum number of (fractional) seconds to elapse after the first entry was queued before the queue starts calling the handler.',
    default: 1,
    between: [0, 3600],
  }),
  max_entries: integer({
    description: 'Maximum number of entries that can be waiting on the queue.',
    default: 10_000,
    between: [1, 1_000_000],
  }),
  max_bytes: integer({
    description: 'Maximum number of bytes that can be waiting on a queue, requires string content.',
  }),
  max_retry_time: number({
    description: 'Time in seconds before the queue gives up calling a failed handler for a batch.',
    default: 60,
  }),
  initial_retry_delay: number({
    description: 'Time in seconds before the initial retry is made for a failing batch.',
    default: 0.01,
    between: [0.001, 1_000_000],
  }),
  max_retry_delay: number({
    description: 'Maximum time in seconds between retries, caps exponential backoff.',
    default: 60,
    between: [0.001, 1_000_000],
  }),
  concurrency_limit: integer({
    description: 'The number of of queue delivery timers. -1 indicates unlimited.',
    default: 1,
    one_of: [-1, 1],
  }),
}

/** How entries wait for delivery, as several plugins configure it. */
export const queueField = record(fields, { required: true })

/** The same with a batch size of its own. As in Kong it counts only where nothing is said of the queue. */
export function queueFieldWith(batchSize: number): typeof queueField {
  return record(fields, { required: true, default: { max_batch_size: batchSize } })
}

export type QueueConfig = RecordOf<typeof fields>

/** What older configurations say about the queue, where it differs from the defaults of old. */
export interface OldQueueConfig {
  readonly queue_size?: number | undefined
  readonly flush_timeout?: number | undefined
}

export function queueConfig(queue: QueueConfig, old: OldQueueConfig): QueueConfig {
  const { queue_size: size = 1, flush_timeout: delay = 2 } = old
  return {
    ...queue,
    ...(size !== 1 && { max_batch_size: size }),
    ...(delay !== 2 && { max_coalescing_delay: delay }),
  }
}

const DEFAULTS = { retry_count: 10, queue_size: 1, flush_timeout: 2 } as const

/** The deprecation of a field that the queue's record replaced. */
export function replacedByQueue(plugin: string, name: keyof typeof DEFAULTS, by: string) {
  const verb = name === 'retry_count' ? 'no longer works' : 'is deprecated'
  return {
    message: `${plugin}: config.${name} ${verb}, please use config.queue.${by} instead`,
    removal_in_version: '4.0',
    old_default: DEFAULTS[name],
  }
}
