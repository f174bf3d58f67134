import type { Config } from './schema.ts'

export interface Tagged {
  readonly name: string
  readonly tags: Readonly<Record<string, string | number | undefined>>
  /** Value, type and rate. */
  readonly tail: string
}

/** A line in one of the dialects that know tags. */
export function taggedName(
  style: NonNullable<Config['tag_style']>,
  { name, tags, tail }: Tagged,
): string {
  const written = (separator: string): string =>
    Object.entries(tags)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => `${key}${separator}${value}`)
      .join(',')
  switch (style) {
    case 'dogstatsd':
      return `${name}:${tail}|#${written(':')}`
    case 'influxdb':
      return `${name},${written('=')}:${tail}`
    case 'librato':
      return `${name}#${written('=')}:${tail}`
    case 'signalfx':
      return `${name}[${written('=')}]:${tail}`
  }
}
