import { libraryTable, type Arguments } from './arguments.ts'
import { formatText } from './format-text.ts'
import { LuaError } from './lua-error.ts'
import type { Operations } from './operations.ts'
import { findPattern, type LuaMatch } from './pattern-match.ts'
import { isTrue, LuaTable, toText, type LuaFunction, type LuaValue } from './values.ts'

/** Lua's `string`. Letters are UTF-16 units; patterns know ASCII classes alone. */
export function stringLibrary(on: Operations): LuaTable {
  const { meter } = on
  return libraryTable({
    len: (args) => args.text(0).length,
    lower: (args) => args.text(0).toLowerCase(),
    upper: (args) => args.text(0).toUpperCase(),
    reverse: (args) => Array.from(args.text(0)).reverse().join(''),
    rep: (args) => {
      const [text, count] = [args.text(0), Math.max(args.integer(1), 0)]
      meter.length(text.length * count)
      return text.repeat(count)
    },
    sub: (args) => {
      const text = args.text(0)
      return text.slice(startOf(text, args.integer(1)), endOf(text, args.integer(2, -1)))
    },
    byte: (args) => {
      const text = args.text(0)
      const from = args.integer(1, 1)
      const part = text.slice(startOf(text, from), endOf(text, args.integer(2, from)))
      return Array.from(part, (letter) => letter.charCodeAt(0))
    },
    char: ({ values }) => String.fromCharCode(...values.map(Number)),
    format: (args) => meter.text(formatText(args)),
    find: (args) => find(args, on),
    match: (args) => {
      const text = args.text(0)
      const found = findPattern(args.text(1), text, startOf(text, args.integer(2, 1)), meter)
      return found && capturesOf(found, text)
    },
    gmatch: (args) => gmatch(args.text(0), args.text(1), on),
    gsub: (args) => gsub(args, on),
  })
}

/** 0-based place of a 1-based position, which may count from the end. */
function startOf(text: string, position: number): number {
  if (position > 0) return position - 1
  return position === 0 ? 0 : Math.max(text.length + position, 0)
}

function endOf(text: string, position: number): number {
  return position >= 0 ? position : Math.max(text.length + position + 1, 0)
}

function capturesOf({ start, end, captures }: LuaMatch, text: string): readonly LuaValue[] {
  return captures.length > 0 ? captures : [text.slice(start, end)]
}

function find(args: Arguments, { meter }: Operations): readonly LuaValue[] | undefined {
  const [text, pattern] = [args.text(0), args.text(1)]
  const from = startOf(text, args.integer(2, 1))
  if (from > text.length) return undefined
  if (isTrue(args.any(3))) {
    const start = text.indexOf(pattern, from)
    return start === -1 ? undefined : [start + 1, start + pattern.length]
  }
  const found = findPattern(pattern, text, from, meter)
  return found && [found.start + 1, found.end, ...found.captures]
}

function gmatch(text: string, pattern: string, { meter }: Operations): LuaFunction {
  let at = 0
  return () => {
    if (at > text.length) return []
    const found = findPattern(pattern, text, at, meter)
    if (found === undefined) {
      at = text.length + 1
      return []
    }
    at = found.end === found.start ? found.end + 1 : found.end
    return capturesOf(found, text)
  }
}

function gsub(args: Arguments, on: Operations): readonly LuaValue[] {
  const [text, pattern] = [args.text(0), args.text(1)]
  const replacement = replacer(args, on)
  const limit = args.integer(3, Number.POSITIVE_INFINITY)
  let written = ''
  let at = 0
  let count = 0
  while (count < limit && at <= text.length) {
    const found = findPattern(pattern, text, at, on.meter)
    if (found === undefined) break
    count += 1
    written += text.slice(at, found.start) + replacement(found, text)
    on.meter.length(written.length)
    at = found.end
    if (found.end === found.start) {
      written += text[at] ?? ''
      at += 1
    }
    if (pattern.startsWith('^')) break
  }
  return [written + text.slice(at), count]
}

function replacer(args: Arguments, on: Operations): (found: LuaMatch, text: string) => string {
  const by = args.any(2)
  if (by instanceof LuaTable)
    return (found, text) => chosen(on.index(by, capturesOf(found, text)[0]), found, text)
  if (typeof by === 'function')
    return (found, text) => chosen(on.call(by, capturesOf(found, text))[0], found, text)
  const template = args.text(2)
  return (found, text) =>
    template.replaceAll(/%(.?)/gs, (_, letter: string) => {
      if (letter === '0') return text.slice(found.start, found.end)
      if (!/\d/.test(letter)) return letter
      const value = capturesOf(found, text)[Number(letter) - 1]
      if (value === undefined) throw new LuaError(`invalid capture index %${letter}`)
      return toText(value)
    })
}

/** Nothing and `false` keep what was there. */
function chosen(value: LuaValue, { start, end }: LuaMatch, text: string): string {
  if (!isTrue(value)) return text.slice(start, end)
  if (typeof value === 'string' || typeof value === 'number') return toText(value)
  throw new LuaError('invalid replacement value')
}
