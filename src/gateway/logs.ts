import { threadId } from 'node:worker_threads'
import { belowPrefix } from '../settings/present-settings.ts'
import type { Settings } from '../settings/settings.ts'
import { openLineWriter, type LineWriter } from '../telemetry/line-writer.ts'
import { isLogLevel } from '../telemetry/log-level.ts'
import { createLogger, type Logger } from '../telemetry/logger.ts'
import { StartFault } from './start-fault.ts'

/** The logs of one thread. Each thread appends to the files on its own. */
export interface Logs {
  readonly error: Logger
  /** Opens one more file of the settings. */
  open(path: string): LineWriter
  reopen(): void
  /** Resolves when everything is written; for the end of the thread. */
  flush(): Promise<void>
}

/** @throws {StartFault} when the error log cannot be opened */
export function openLogs(settings: Settings): Logs {
  const writers: LineWriter[] = []
  const open = (path: string): LineWriter => {
    const file = belowPrefix(settings.prefix, path)
    try {
      const writer = openLineWriter(file, { onFault: (message) => logger.crit(message) })
      writers.push(writer)
      return writer
    } catch (error) {
      throw new StartFault(`could not open log file "${file}": ${(error as Error).message}`)
    }
  }
  const logger: Logger = createLogger({
    writer: open(settings.proxy_error_log),
    level: isLogLevel(settings.log_level) ? settings.log_level : 'notice',
    source: `${process.pid}#${threadId}`,
  })
  return {
    error: logger,
    open,
    reopen() {
      for (const writer of writers) writer.reopen()
    },
    async flush() {
      await Promise.all(writers.map((writer) => writer.flush()))
    },
  }
}
