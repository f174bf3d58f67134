import type { Arguments } from './arguments.ts'
import { LuaError } from './lua-error.ts'
import type { LuaValue } from './values.ts'

const MAX_RESULTS = 8000

/** The values of a list, from and to the given places. */
export function unpack(args: Arguments): readonly LuaValue[] {
  const table = args.table(0)
  const from = args.integer(1, 1)
  const to = args.integer(2, table.length)
  if (to - from > MAX_RESULTS) throw new LuaError('too many results to unpack')
  return Array.from({ length: Math.max(to - from + 1, 0) }, (_, index) => table.get(from + index))
}
