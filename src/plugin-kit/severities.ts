import { string } from '../schema/field.ts'

/** By their number, which is that of RFC 5424, table 2; the most severe first. */
export const SEVERITIES = [
  'emerg',
  'alert',
  'crit',
  'err',
  'warning',
  'notice',
  'info',
  'debug',
] as const

export type Severity = (typeof SEVERITIES)[number]

const CHOICES = ['debug', 'info', 'notice', 'warning', 'err', 'crit', 'alert', 'emerg'] as const

/** Fields that say how severe a request's entry is, by the status of its answer. */
export function severityFields(required: boolean) {
  const severity = (description: string) =>
    string({ description, ...(required && { required: true }), default: 'info', one_of: CHOICES })
  return {
    log_level: severity('The least severe entries that are sent.'),
    successful_severity: severity('The severity of entries with a status below 400.'),
    client_errors_severity: severity('The severity of entries with a status from 400 to 499.'),
    server_errors_severity: severity('The severity of entries with a status of 500 and above.'),
  }
}

export interface SeverityConfig {
  readonly log_level: Severity
  readonly successful_severity: Severity
  readonly client_errors_severity: Severity
  readonly server_errors_severity: Severity
}

/** @returns the number of a status's severity; nothing when its entries are not sent */
export function severityOf(status: number, config: SeverityConfig): number | undefined {
  const severity = SEVERITIES.indexOf(nameOf(status, config))
  return severity <= SEVERITIES.indexOf(config.log_level) ? severity : undefined
}

function nameOf(status: number, config: SeverityConfig): Severity {
  if (status >= 500) return config.server_errors_severity
  return status >= 400 ? config.client_errors_severity : config.successful_severity
}
