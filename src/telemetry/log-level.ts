/** Levels of the error log, from chatty to silent, as nginx names them. */
export const LOG_LEVELS = [
  'debug',
  'info',
  'notice',
  'warn',
  'error',
  'crit',
  'alert',
  'emerg',
] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

export function isLogLevel(value: string): value is LogLevel {
  return (LOG_LEVELS as readonly string[]).includes(value)
}

/** @returns a number that grows with severity */
export function severity(level: LogLevel): number {
  return LOG_LEVELS.indexOf(level)
}
