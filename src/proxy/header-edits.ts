import { toHeaderValue } from '../base/buffer-slices.ts'
import type { HeadFields } from '../http/message-head.ts'
import { IGNORED } from '../http/field-table.ts'

export type HeaderEntry = readonly [name: string, value: string]

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** @see RFC 9110 §5.1 */
export function isFieldName(name: string): boolean {
  return TOKEN.test(name)
}

/**
 * What plugins changed about the header fields of a message: names taken out and lines put in. The
 * fields themselves stay where they were read; a change to one costs nothing for the others.
 */
export class HeaderEdits {
  /** Lower-case names whose received fields do not go on. */
  readonly removed = new Set<string>()
  /** Names as written, values clean. */
  added: HeaderEntry[] = []

  set(name: string, value: string | readonly string[]): void {
    this.remove(name)
    if (typeof value === 'string') this.add(name, value)
    else for (const each of value) this.add(name, each)
  }

  add(name: string, value: string): void {
    if (!isFieldName(name)) throw new TypeError(`Cannot set header "${name}": not a field name`)
    this.added.push([name, toHeaderValue(value)])
  }

  remove(name: string): void {
    const lower = name.toLowerCase()
    this.removed.add(lower)
    if (this.added.length > 0)
      this.added = this.added.filter(([other]) => other.toLowerCase() !== lower)
  }
}

/** The fields of a message with edits applied, for readers. */
export function headerValues(
  fields: HeadFields | undefined,
  edits: HeaderEdits | undefined,
  name: string,
): readonly string[] {
  const received =
    fields === undefined || edits?.removed.has(name) === true ? [] : fields.values(name)
  if (edits === undefined || edits.added.length === 0) return received
  for (const [other, value] of edits.added) if (other.toLowerCase() === name) received.push(value)
  return received
}

/** The first value of a name with edits applied. */
export function headerValue(
  fields: HeadFields | undefined,
  edits: HeaderEdits | undefined,
  name: string,
): string | undefined {
  if (edits === undefined) return fields?.value(name)
  return headerValues(fields, edits, name)[0]
}

/** All fields with edits applied, in order, names as written. */
export function headerEntries(
  fields: HeadFields | undefined,
  edits: HeaderEdits | undefined,
): readonly HeaderEntry[] {
  const entries: HeaderEntry[] = fields === undefined ? [] : receivedEntries(fields, edits)
  if (edits !== undefined) entries.push(...edits.added)
  return entries
}

function receivedEntries(fields: HeadFields, edits: HeaderEdits | undefined): HeaderEntry[] {
  const entries: HeaderEntry[] = []
  for (let index = 0; index < fields.count; index += 1) {
    if (fields.ids[index] === IGNORED) continue
    const name = fields.nameAt(index)
    if (edits === undefined || !edits.removed.has(name.toLowerCase()))
      entries.push([name, fields.valueAt(index)])
  }
  return entries
}

/**
 * The lines of received fields that go on, as few slices of the head as possible.
 * @param dropped bit n: fields with number n stay behind
 * @param named lower-case names that stay behind as well
 */
export function keptLines(
  fields: HeadFields,
  dropped: number,
  edits: HeaderEdits | undefined,
  named: ReadonlySet<string> | undefined,
): string {
  const { ids, spans, text, count } = fields
  const checksNames = named !== undefined || (edits !== undefined && edits.removed.size > 0)
  let lines = ''
  let runStart = -1
  for (let index = 0; index < count; index += 1) {
    const id = ids[index]!
    let isDropped = id !== 0 && (id === IGNORED || (dropped & (1 << id)) !== 0)
    if (checksNames && !isDropped) isDropped = isNamed(fields, index, edits, named)
    if (!isDropped) {
      if (runStart === -1) runStart = spans[index * 4]!
    } else if (runStart !== -1) {
      lines += text.slice(runStart, spans[index * 4])
      runStart = -1
    }
  }
  return runStart === -1 ? lines : lines + text.slice(runStart, text.length - 2)
}

function isNamed(
  fields: HeadFields,
  index: number,
  edits: HeaderEdits | undefined,
  named: ReadonlySet<string> | undefined,
): boolean {
  const name = fields.nameAt(index).toLowerCase()
  return named?.has(name) === true || edits?.removed.has(name) === true
}
