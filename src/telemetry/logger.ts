import type { LineWriter } from './line-writer.ts'
import { severity, type LogLevel } from './log-level.ts'
import { errorLogTime, oncePerSecond } from './log-time.ts'

/** The error log: one line an event, in nginx's form, so that existing readers understand it. */
export interface Logger {
  readonly level: LogLevel
  setLevel(level: LogLevel): void
  debug(message: string): void
  info(message: string): void
  notice(message: string): void
  warn(message: string): void
  /** @param cause its stack follows the message, on the same line */
  error(message: string, cause?: unknown): void
  crit(message: string): void
  /**
   * Hands over each line as it is written.
   * @returns ends it
   */
  onLine(listener: (line: { level: LogLevel; message: string; atMs: number }) => void): () => void
}

export interface LoggerOptions {
  readonly writer: Pick<LineWriter, 'write'>
  readonly level: LogLevel
  /** `1234#0`: process and thread, between level and message. */
  readonly source: string
  readonly now?: () => number
}

/** @see nginx, ngx_log_error_core, for the form `2026/11/24 18:59:03 [warn] 1234#0: message` */
export function createLogger(options: LoggerOptions): Logger {
  const { writer, source } = options
  const now = options.now ?? Date.now
  const time = oncePerSecond(errorLogTime)
  let level = options.level
  let threshold = severity(level)
  const listeners = new Set<Parameters<Logger['onLine']>[0]>()

  function log(of: LogLevel, message: string): void {
    if (severity(of) < threshold) return
    const atMs = now()
    writer.write(`${time(atMs)} [${of}] ${source}: ${oneLine(message)}\n`)
    for (const listener of listeners) listener({ level: of, message, atMs })
  }

  return {
    get level() {
      return level
    },
    setLevel(next) {
      level = next
      threshold = severity(next)
    },
    debug: (message) => log('debug', message),
    info: (message) => log('info', message),
    notice: (message) => log('notice', message),
    warn: (message) => log('warn', message),
    error: (message, cause) =>
      log('error', cause === undefined ? message : `${message}: ${describeCause(cause)}`),
    crit: (message) => log('crit', message),
    onLine(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

/** Line ends inside a message would let whoever wrote it forge lines. */
function oneLine(message: string): string {
  return /[\n\r]/.test(message) ? message.replaceAll(/\r?\n|\r/g, ' | ') : message
}

function describeCause(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const text = cause.stack ?? cause.message
  return cause.cause === undefined ? text : `${text}\ncaused by ${describeCause(cause.cause)}`
}
