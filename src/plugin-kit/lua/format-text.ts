import type { Arguments } from './arguments.ts'
import { LuaError } from './lua-error.ts'
import { general, nonFinite } from './number-text.ts'
import { toText } from './values.ts'

const DIRECTIVE = /%([-+ #0]*)(\d{0,2})(?:\.(\d{0,2}))?(.?)/gs

/** `string.format`: C's directives without `n`, `p` and the wide ones. */
export function formatText(args: Arguments): string {
  let next = 1
  return args.text(0).replaceAll(DIRECTIVE, (...match: string[]) => {
    const [, flags = '', width = '', precision, kind = ''] = match
    if (kind === '%') return '%'
    const index = next
    next += 1
    const digits = precision === undefined ? undefined : Number(precision)
    return padded(written(kind, args, { index, digits, flags }), flags, Number(width), kind)
  })
}

interface Directive {
  readonly index: number
  readonly digits: number | undefined
  readonly flags: string
}

type Write = (args: Arguments, directive: Directive) => string

const WRITERS: Readonly<Record<string, Write>> = {
  s: (args, { index, digits }) => toText(args.any(index)).slice(0, digits),
  q: (args, { index }) => `"${args.text(index).replaceAll(/["\\\n]/g, String.raw`\$&`)}"`,
  c: (args, { index }) => String.fromCharCode(args.integer(index)),
  d: (args, { index, digits, flags }) =>
    signed(args.integer(index), flags, (size) => String(size).padStart(digits ?? 0, '0')),
  x: (args, { index }) => args.integer(index).toString(16),
  X: (args, { index }) => args.integer(index).toString(16).toUpperCase(),
  o: (args, { index }) => args.integer(index).toString(8),
  f: (args, { index, digits = 6, flags }) =>
    signed(args.number(index), flags, (size) => size.toFixed(digits)),
  e: (args, { index, digits = 6, flags }) =>
    signed(args.number(index), flags, (size) =>
      size.toExponential(digits).replace(/e([+-])(\d)$/, 'e$10$2'),
    ),
  g: (args, { index, digits = 6, flags }) =>
    signed(args.number(index), flags, (size) => general(size, Math.max(digits, 1))),
}

const SYNONYMS: Readonly<Record<string, string>> = { i: 'd', u: 'd', E: 'e', G: 'g' }

function written(kind: string, args: Arguments, directive: Directive): string {
  const write = WRITERS[SYNONYMS[kind] ?? kind]
  if (write === undefined) throw new LuaError(`invalid option '%${kind}' to 'format'`)
  const text = write(args, directive)
  return kind === 'E' || kind === 'G' ? text.toUpperCase() : text
}

function signed(value: number, flags: string, size: (value: number) => string): string {
  const text = Number.isFinite(value) ? size(Math.abs(value)) : nonFinite(Math.abs(value))
  if (value < 0) return `-${text}`
  if (flags.includes('+')) return `+${text}`
  return flags.includes(' ') ? ` ${text}` : text
}

function padded(text: string, flags: string, width: number, kind: string): string {
  if (flags.includes('-')) return text.padEnd(width)
  if (!flags.includes('0') || kind === 's') return text.padStart(width)
  const sign = /^[+ -]/.exec(text)?.[0] ?? ''
  return sign + text.slice(sign.length).padStart(width - sign.length, '0')
}
