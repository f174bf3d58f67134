import { headerNameFault } from './field-types.ts'

/** A rule such as `name:value`, cut at its first colon. */
export interface NameValue {
  readonly name: string
  /** Absent when nothing follows the colon. */
  readonly value: string | undefined
}

/** Colons that follow the first one directly belong to neither side. */
export function nameValue(text: string): NameValue {
  const [, name = '', value = ''] = /^([^:]+):*(.*)$/s.exec(text) ?? []
  return { name, value: value === '' ? undefined : value }
}

/** The message for a header rule whose name could not stand in a message. */
export function headerRuleFault(text: string): string | undefined {
  const { name } = nameValue(text)
  return headerNameFault(name) === undefined ? undefined : `'${name}' is not a valid header`
}
