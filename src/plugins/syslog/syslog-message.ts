import type { Facility } from './schema.ts'

/** @see RFC 5424 §6.2.1, table 1 */
const NUMBERS: Readonly<Record<Facility, number>> = {
  kern: 0,
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  syslog: 5,
  lpr: 6,
  news: 7,
  uucp: 8,
  cron: 9,
  authpriv: 10,
  ftp: 11,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
}

/** Facility and severity as one number. */
export function priorityOf(facility: Facility, severity: number): number {
  return NUMBERS[facility] * 8 + severity
}
