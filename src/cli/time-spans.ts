import { CommandFault } from './command.ts'

const UNIT_SECONDS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 }

/**
 * Seconds of `90s`, `5m`, `1h` or `7d`.
 * @throws {CommandFault} for anything else, naming the option
 */
export function spanSeconds(text: string, option: string): number {
  const match = /^(\d+)([smhd]?)$/.exec(text)
  if (match === null)
    throw new CommandFault(`--${option} must be a time such as 90s, 5m, 1h or 7d, not "${text}"`)
  return Number(match[1]) * UNIT_SECONDS[match[2]!]!
}

/** A span in its largest unit: `3 d`, `5 min`. */
export function spanText(seconds: number): string {
  if (seconds < 60) return `${Math.max(Math.trunc(seconds), 0)} s`
  if (seconds < 3600) return `${Math.trunc(seconds / 60)} min`
  if (seconds < 2 * 86_400) return `${Math.trunc(seconds / 3600)} h`
  return `${Math.trunc(seconds / 86_400)} d`
}
