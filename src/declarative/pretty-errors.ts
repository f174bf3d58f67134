import type { ErrorFields, ErrorTree } from '../schema/kong-errors.ts'
import type { DeclarativeFault, DeclarativeRefusal } from './declarative.ts'

/**
 * Errors as Kong's command line prints them: one line each, indented by two spaces a level,
 * positions counted from 1.
 */
export function prettyErrors({ fields, faults }: DeclarativeRefusal): string {
  const unread = fields['error']
  // A text that could not be read has one fault, about the whole.
  if (typeof unread === 'string' && faults.length === 1 && faults[0]!.path.length === 0)
    return unread
  return prettyLines(fields, '').join('\n')
}

function prettyLines(errors: ErrorFields | readonly ErrorTree[], of: string): readonly string[] {
  const entries = Array.isArray(errors)
    ? (errors as readonly ErrorTree[]).map(
        (error, index) => [`- in entry ${index + 1} of '${of}'`, error, String(index + 1)] as const,
      )
    : Object.entries(errors as ErrorFields).map(
        ([name, error]) => [`in '${name}'`, error, name] as const,
      )
  return entries.flatMap(([place, error, name]) => {
    if (error === null) return []
    if (typeof error === 'string') return [`${place}: ${error}`]
    const inner = prettyLines(error, name)
    return [`${place}:`, ...inner.map((line) => `  ${line}`)]
  })
}

/**
 * A fault as compilers print it, for editors to jump to:
 * `kong.yml:31:9: plugins[0].config.key_claim_nam: unknown field (did you mean key_claim_name?)`.
 */
export function faultLine(fault: DeclarativeFault, fileName = ''): string {
  const { line, column, path, message, hint } = fault
  const place = [fileName, ...(line === undefined ? [] : [line, column ?? 1])]
    .filter((part) => part !== '')
    .join(':')
  const subject = writePath(path)
  return [
    ...(place === '' ? [] : [`${place}:`]),
    ...(subject === '' ? [] : [`${subject}:`]),
    message,
    ...(hint === undefined ? [] : [`(${hint})`]),
  ].join(' ')
}

/** All faults as {@link faultLine} prints them, one a line. */
export function faultLines({ faults }: DeclarativeRefusal, fileName = ''): string {
  return faults.map((fault) => faultLine(fault, fileName)).join('\n')
}

/** A path as `services[0].routes[2].paths`, positions counted from 0 as in most languages. */
function writePath(path: DeclarativeFault['path']): string {
  return path
    .map((step, at) => {
      if (typeof step === 'number') return `[${step}]`
      return at === 0 ? step : `.${step}`
    })
    .join('')
}
