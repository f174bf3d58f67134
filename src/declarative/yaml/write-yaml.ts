import { scalarValue } from './scalar-value.ts'

/**
 * Writes plain data as YAML in block style: nulls as `~`, lists no further indented than their key,
 * texts without quotes where they can be read back without.
 */
export function writeYaml(value: Readonly<Record<string, unknown>>): string {
  const lines: string[] = []
  writeMembers(value, '', lines)
  return lines.length === 0 ? '{}\n' : `${lines.join('\n')}\n`
}

function writeMembers(map: object, indent: string, lines: string[]): void {
  for (const [name, value] of Object.entries(map)) {
    if (value === undefined) continue
    writeMember(`${indent}${writeText(name, '')}:`, value, { indent, lines })
  }
}

interface Output {
  readonly indent: string
  /** Added to in place. */
  readonly lines: string[]
}

/** What stands behind `key:`. */
function writeMember(head: string, value: unknown, { indent, lines }: Output): void {
  if (Array.isArray(value) && value.length > 0) {
    lines.push(head)
    for (const element of value as readonly unknown[]) writeElement(element, { indent, lines })
  } else if (isMap(value)) {
    lines.push(head)
    writeMembers(value, `${indent}  `, lines)
  } else lines.push(`${head} ${writeScalar(value, `${indent}  `)}`)
}

function writeElement(value: unknown, { indent, lines }: Output): void {
  const inner = `${indent}  `
  const start = lines.length
  if (Array.isArray(value) && value.length > 0)
    for (const element of value as readonly unknown[])
      writeElement(element, { indent: inner, lines })
  else if (isMap(value)) writeMembers(value, inner, lines)
  else lines.push(inner + writeScalar(value, inner))
  lines[start] = `${indent}- ${lines[start]!.slice(inner.length)}`
}

function isMap(value: unknown): value is object {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).length > 0
  )
}

function writeScalar(value: unknown, indent: string): string {
  if (value === null || value === undefined) return '~'
  if (typeof value === 'string') return writeText(value, indent)
  if (typeof value === 'number') return writeNumber(value)
  if (typeof value === 'boolean') return String(value)
  return Array.isArray(value) ? '[]' : '{}'
}

function writeNumber(value: number): string {
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? '.nan' : value > 0 ? '.inf' : '-.inf'
}

/** Letters that begin something else, or stand where a plain text would end. */
const NOT_PLAIN = /^[-?:,[\]{}#&*!|>'"%@`\s]|: |:$| #|\s$|^(?:---|\.\.\.)$/
// oxlint-disable-next-line no-control-regex -- letters that must be escaped are what this finds
const NEEDS_ESCAPES = /[\0-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]/
/** No white space or comment at the beginning, no white space at the end, and no such letter anywhere. */
const IN_BLOCK =
  // oxlint-disable-next-line no-control-regex -- as above
  /^(?![\s#])[^\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]+(?!\s)[^\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]\n?$/

function writeText(text: string, indent: string): string {
  if (indent !== '' && text.includes('\n') && IN_BLOCK.test(text)) return writeBlock(text, indent)
  if (NEEDS_ESCAPES.test(text)) return writeEscaped(text)
  const isPlain = !NOT_PLAIN.test(text) && text !== '<<' && scalarValue(text) === text
  return isPlain ? text : `'${text.replaceAll("'", "''")}'`
}

/** Several lines as they are, such as certificates. */
function writeBlock(text: string, indent: string): string {
  const [mark, body] = text.endsWith('\n') ? ['|', text.slice(0, -1)] : ['|-', text]
  const lines = body.split('\n').map((line) => (line === '' ? '' : indent + line))
  return `${mark}\n${lines.join('\n')}`
}

/** Whether a text has letters that YAML knows only by their numbers. */
export function needsEscapes(text: string): boolean {
  return NEEDS_ESCAPES.test(text)
}

/** A text in quotes, for JSON and YAML alike. */
export function writeEscaped(text: string): string {
  return escapeJson(JSON.stringify(text))
}

/** JSON that is YAML as well: with letters as numbers that JSON would take as they are. */
export function escapeJson(json: string): string {
  return json.replace(
    /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
