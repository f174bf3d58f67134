/** How a form says where in an entity a value goes. */
export interface FormStyle {
  readonly nest: 'dots' | 'brackets'
  /** Lists of anything but plain values are always numbered: nothing else tells their items apart. */
  readonly list: 'empty brackets' | 'numbers' | 'repetition'
}

export const FORM_STYLES: readonly FormStyle[] = [
  { nest: 'dots', list: 'empty brackets' },
  { nest: 'dots', list: 'repetition' },
  { nest: 'brackets', list: 'numbers' },
  { nest: 'brackets', list: 'empty brackets' },
]

export type FormField = readonly [name: string, value: string]

/** The names and texts of a form that holds an entity. An empty text stands for `null`. */
export function formFields(entity: object, style: FormStyle): readonly FormField[] {
  return fieldsUnder('', entity, style)
}

export function urlEncoded(fields: readonly FormField[]): string {
  return fields
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&')
}

export function multipart(fields: readonly FormField[], boundary: string): Buffer {
  const parts = fields.map(([name, value]) => {
    const quoted = name.replaceAll(/["\\]/g, String.raw`\$&`)
    return `--${boundary}\r\nContent-Disposition: form-data; name="${quoted}"\r\n\r\n${value}\r\n`
  })
  return Buffer.from(`${parts.join('')}--${boundary}--\r\n`)
}

/**
 * What of a value a form can say: no empty texts, lists and maps, no half characters, and no brackets
 * in names.
 */
export function expressible(value: unknown): unknown {
  if (typeof value === 'string') return value === '' ? undefined : value.toWellFormed()
  if (Array.isArray(value)) {
    const items = value.map(expressible).filter((item) => item !== undefined && item !== null)
    return items.length === 0 ? undefined : items
  }
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value)
    .map(([name, member]) => [name, expressible(member)] as const)
    .filter(([name, member]) => member !== undefined && !/[[\]]/.test(name))
  return members.length === 0 ? undefined : Object.fromEntries(members)
}

function fieldsUnder(place: string, value: unknown, style: FormStyle): readonly FormField[] {
  if (Array.isArray(value))
    return value.flatMap((item: unknown, at) =>
      fieldsUnder(`${place}${step(item, at, style)}`, item, style),
    )
  if (typeof value === 'string') return [[place, value]]
  if (typeof value !== 'object' || value === null)
    return [[place, value === null ? '' : JSON.stringify(value)]]
  return Object.entries(value).flatMap(([name, member]) =>
    fieldsUnder(memberName(place, name, style), member, style),
  )
}

function step(item: unknown, at: number, { list }: FormStyle): string {
  if (list === 'numbers' || typeof item === 'object') return `[${at + 1}]`
  return list === 'repetition' ? '' : '[]'
}

function memberName(place: string, name: string, { nest }: FormStyle): string {
  if (place === '') return name
  return nest === 'brackets' || name.includes('.') ? `${place}[${name}]` : `${place}.${name}`
}
