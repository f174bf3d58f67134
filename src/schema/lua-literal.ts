/**
 * Writes a value as a Lua table literal, the form in which error messages show nested errors:
 * `{a="x",b={[2]="y"},["@entity"]={"z"}}`.
 *
 * Keys are sorted; a list is written without keys up to its first hole, with numbered keys after.
 *
 * @param value plain data; `null` and `undefined` in lists are holes, in records they are left out
 * @param layout `inline`: one line, no spaces; `lines`: one entry a line, indented by two spaces
 * @see Penlight, pl.pretty.write, whose output this equals
 */
export function luaLiteral(value: unknown, layout: 'inline' | 'lines' = 'inline'): string {
  return layout === 'inline' ? inline(value) : lines(value, '')
}

/** A number as Lua prints it: fourteen significant digits. */
export function luaNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e14) return String(value)
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf'
  const exponent = Number(value.toExponential(13).split('e')[1])
  if (exponent >= -5 && exponent < 14) return String(Number(value.toPrecision(14)))
  const [digits, power] = value.toExponential(13).split('e') as [string, string]
  const mantissa = digits.replace(/\.?0+$/, '')
  return `${mantissa}e${power[0]}${power.slice(1).padStart(2, '0')}`
}

/** A scalar as Lua's `tostring` gives it, for messages. */
export function luaText(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return luaNumber(value)
  if (typeof value === 'boolean') return String(value)
  return value === null || value === undefined ? 'null' : inline(value)
}

interface Entry {
  /** Empty for the leading elements of a list. */
  readonly key: string
  readonly value: unknown
}

function entriesOf(table: object): readonly Entry[] {
  if (!Array.isArray(table))
    return Object.entries(table)
      .filter(([, value]) => value !== null && value !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => ({ key: writeKey(key), value: value as unknown }))
  const list = table as readonly unknown[]
  const hole = list.findIndex((element) => element === null || element === undefined)
  const entries: Entry[] = []
  list.forEach((value, index) => {
    if (value === null || value === undefined) return
    entries.push({ key: hole === -1 || index < hole ? '' : `[${index + 1}]`, value })
  })
  return entries
}

function inline(value: unknown): string {
  if (typeof value === 'string') return quote(value)
  if (typeof value !== 'object' || value === null) return luaText(value)
  const entries = entriesOf(value).map((entry) =>
    entry.key === '' ? inline(entry.value) : `${entry.key}=${inline(entry.value)}`,
  )
  return `{${entries.join(',')}}`
}

function lines(value: unknown, indent: string): string {
  if (typeof value === 'string') return quote(value)
  if (typeof value !== 'object' || value === null) return luaText(value)
  const inner = `${indent}  `
  const entries = entriesOf(value).map(
    (entry) => inner + (entry.key === '' ? '' : `${entry.key} = `) + lines(entry.value, inner),
  )
  return entries.length === 0 ? `{\n${indent}}` : `{\n${entries.join(',\n')}\n${indent}}`
}

const KEYWORDS = new Set(
  (
    'and break do else elseif end false for function if in local nil not or repeat return then ' +
    'true until while'
  ).split(' '),
)

function writeKey(key: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(key) && !KEYWORDS.has(key)) return key
  const quoted = quote(key)
  return quoted.startsWith('[') ? `[ ${quoted}]` : `[${quoted}]`
}

/** Long brackets for texts of several lines or with long brackets in them, else double quotes. */
function quote(text: string): string {
  const level = longBracketLevel(`${text}]`)
  if ((text.includes('\n') || level !== undefined) && !text.includes('\r')) {
    const equals = '='.repeat(level === undefined ? 0 : level + 1)
    // A long string drops a newline in first place.
    return `[${equals}[${text.startsWith('\n') ? '\n' : ''}${text}]${equals}]`
  }
  const escaped = text.replace(/["\\\n\r\0]/g, (letter) => ESCAPES[letter]!)
  return `"${escaped}"`
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\\n',
  '\r': '\\r',
  '\0': '\\000',
}

/** The most equals signs in any long bracket within the text, or nothing without one. */
function longBracketLevel(text: string): number | undefined {
  let level: number | undefined
  for (const found of text.matchAll(/(?=([[\]])(=*)\1)/g))
    level = Math.max(level ?? 0, found[2]!.length)
  return level
}
