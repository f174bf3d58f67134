import { libraryTable, luaFunction, type Arguments } from './arguments.ts'
import { LuaError } from './lua-error.ts'
import type { Operations } from './operations.ts'
import { stringLibrary } from './string-library.ts'
import { tableLibrary } from './table-library.ts'
import { unpack } from './unpack.ts'
import { isTrue, LuaTable, toNumber, toText, typeName, type LuaValue } from './values.ts'

/** What a program finds without asking: no files, no processes, no way to load code. */
export function baseLibrary(on: Operations, now: () => number): LuaTable {
  const strings = stringLibrary(on)
  on.stringLibrary = strings
  const next = luaFunction('next', (args) => {
    const key = args.table(0).next(args.any(1))
    return key === undefined ? [undefined] : [key, args.table(0).get(key)]
  })
  return libraryTable(
    {
      assert: ({ values }) => {
        if (isTrue(values[0])) return values
        throw thrown(values[1] ?? 'assertion failed!')
      },
      error: (args) => {
        throw thrown(args.any(0))
      },
      getmetatable: (args) => {
        const value = args.any(0)
        return value instanceof LuaTable ? value.metatable : undefined
      },
      ipairs: (args) => [luaFunction('ipairs', nextItem), args.table(0), 0],
      pairs: (args) => [next, args.table(0), undefined],
      pcall: (args) => protectedCall(args.any(0), args.values.slice(1), on),
      rawequal: (args) => args.any(0) === args.any(1),
      rawget: (args) => args.table(0).get(args.any(1)),
      rawset: (args) => {
        args.table(0).set(args.any(1), args.any(2))
        return args.table(0)
      },
      select: (args) => select(args),
      setmetatable: (args) => {
        args.table(0).metatable = args.any(1) === undefined ? undefined : args.table(1)
        return args.table(0)
      },
      tonumber: (args) => numberIn(args),
      tostring: (args) => toText(args.any(0)),
      type: (args) => typeName(args.any(0)),
      unpack: (args) => unpack(args),
    },
    {
      next,
      string: strings,
      table: tableLibrary(on),
      math: mathLibrary(),
      os: libraryTable({
        time: () => Math.floor(now() / 1000),
        clock: () => performance.now() / 1000,
        date: (args) => dateText(args.text(0, '%c'), args.number(1, now() / 1000)),
      }),
    },
  )
}

function thrown(value: LuaValue): LuaError {
  return new LuaError(toText(value), value)
}

function nextItem(args: Arguments): readonly LuaValue[] {
  const index = args.number(1) + 1
  const value = args.table(0).get(index)
  return value === undefined ? [undefined] : [index, value]
}

function protectedCall(
  callee: LuaValue,
  args: readonly LuaValue[],
  on: Operations,
): readonly LuaValue[] {
  try {
    return [true, ...on.meter.protect(() => on.call(callee, args))]
  } catch (error) {
    // What goes beyond a limit ends the program, whatever it says about it.
    if (error instanceof LuaError) return [false, error.value]
    throw error
  }
}

function select(args: Arguments): LuaValue | readonly LuaValue[] {
  if (args.any(0) === '#') return args.values.length - 1
  const from = args.integer(0)
  if (from === 0) throw new LuaError("bad argument #1 to 'select' (index out of range)")
  return from > 0 ? args.values.slice(from) : args.values.slice(1).slice(from)
}

function numberIn(args: Arguments): number | undefined {
  const base = args.integer(1, 10)
  if (base === 10) return toNumber(args.any(0))
  const text = args.text(0).trim().toLowerCase()
  const digits = '0123456789abcdefghijklmnopqrstuvwxyz'.slice(0, base)
  const isNumber = text !== '' && Array.from(text).every((letter) => digits.includes(letter))
  return isNumber ? Number.parseInt(text, base) : undefined
}

function mathLibrary(): LuaTable {
  const numbers = ({ values }: Arguments): readonly number[] =>
    values.map((value) => toNumber(value) ?? Number.NaN)
  return libraryTable(
    {
      abs: (args) => Math.abs(args.number(0)),
      ceil: (args) => Math.ceil(args.number(0)),
      exp: (args) => Math.exp(args.number(0)),
      floor: (args) => Math.floor(args.number(0)),
      fmod: (args) => args.number(0) % args.number(1),
      log: (args) => Math.log(args.number(0)),
      log10: (args) => Math.log10(args.number(0)),
      max: (args) => Math.max(args.number(0), ...numbers(args)),
      min: (args) => Math.min(args.number(0), ...numbers(args)),
      modf: (args) => [Math.trunc(args.number(0)), args.number(0) % 1],
      pow: (args) => args.number(0) ** args.number(1),
      random: (args) => random(args),
      sqrt: (args) => Math.sqrt(args.number(0)),
    },
    { huge: Infinity, pi: Math.PI },
  )
}

function random(args: Arguments): number {
  if (args.values.length === 0) return Math.random()
  const [from, to] =
    args.values.length === 1 ? [1, args.integer(0)] : [args.integer(0), args.integer(1)]
  if (to < from) throw new LuaError("bad argument to 'random' (interval is empty)")
  return from + Math.floor(Math.random() * (to - from + 1))
}

/** The directives that stand in dates of logs; times are UTC. */
function dateText(format: string, seconds: number): string {
  const iso = new Date(seconds * 1000).toISOString()
  const parts: Readonly<Record<string, string>> = {
    Y: iso.slice(0, 4),
    m: iso.slice(5, 7),
    d: iso.slice(8, 10),
    H: iso.slice(11, 13),
    M: iso.slice(14, 16),
    S: iso.slice(17, 19),
    c: iso.slice(0, 19).replace('T', ' '),
    '%': '%',
  }
  return format
    .replace(/^!/, '')
    .replaceAll(/%(.)/g, (whole, letter: string) => parts[letter] ?? whole)
}
