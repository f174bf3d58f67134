import { libraryTable, type Arguments } from './arguments.ts'
import { LuaError } from './lua-error.ts'
import type { Operations } from './operations.ts'
import { unpack } from './unpack.ts'
import { isTrue, LuaTable, toText, typeName, type LuaValue } from './values.ts'

/** Lua's `table`, and the helpers of LuaJIT that programs for Kong use. */
export function tableLibrary(on: Operations): LuaTable {
  return libraryTable({
    concat: (args) => concat(args, on),
    insert,
    remove,
    sort: (args) => sort(args, on),
    unpack,
    maxn: (args) => args.table(0).length,
    clear: (args) => {
      for (const [key] of args.table(0).entries().toReversed()) args.table(0).set(key, undefined)
    },
    new: () => new LuaTable(),
  })
}

function concat(args: Arguments, on: Operations): string {
  const table = args.table(0)
  const texts: string[] = []
  for (let index = args.integer(2, 1); index <= args.integer(3, table.length); index += 1) {
    on.meter.step()
    const value = table.get(index)
    if (typeof value !== 'string' && typeof value !== 'number')
      throw new LuaError(
        `invalid value (${typeName(value)}) at index ${index} in table for 'concat'`,
      )
    texts.push(toText(value))
  }
  return on.meter.text(texts.join(args.text(1, '')))
}

function insert(args: Arguments): void {
  const table = args.table(0)
  const isAtEnd = args.values.length < 3
  const position = isAtEnd ? table.length + 1 : args.integer(1)
  for (let index = table.length; index >= position; index -= 1)
    table.set(index + 1, table.get(index))
  table.set(position, args.any(isAtEnd ? 1 : 2))
}

function remove(args: Arguments): LuaValue {
  const table = args.table(0)
  const { length } = table
  const position = args.integer(1, length)
  const removed = table.get(position)
  if (position < 1 || position > length) return removed
  for (let index = position; index < length; index += 1) table.set(index, table.get(index + 1))
  table.set(length, undefined)
  return removed
}

function sort(args: Arguments, on: Operations): void {
  const table = args.table(0)
  const compare = args.any(1)
  const isLess = (one: LuaValue, other: LuaValue): boolean => {
    on.meter.step()
    return compare === undefined ? on.isLess(one, other) : isTrue(on.call(compare, [one, other])[0])
  }
  const values = Array.from({ length: table.length }, (_, index) => table.get(index + 1))
  values.sort((one, other) => (isLess(one, other) ? -1 : isLess(other, one) ? 1 : 0))
  for (const [index, value] of values.entries()) table.set(index + 1, value)
}
