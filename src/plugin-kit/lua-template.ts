import { toByteString } from '../base/buffer-slices.ts'
import { LuaSyntaxError } from './lua/lua-error.ts'
import { compileLuaExpression, type LuaProgram } from './lua/lua-program.ts'
import { parseLua } from './lua/parse.ts'
import { isTrue, toText, type LuaTable } from './lua/values.ts'

/** A text with `$(expression)` in it, ready to be filled in. */
export interface LuaTemplate {
  /** Whether it has expressions at all. */
  readonly isFixed: boolean
  /**
   * @returns a string of bytes, one a character
   * @throws {LuaError} when an expression fails
   */
  render(globals: () => LuaTable): string
}

/**
 * Compiles a template. An expression ends with the parenthesis that closes it; parentheses in its
 * texts count, as in Kong. `nil` and `false` render to nothing.
 *
 * @throws {LuaSyntaxError} when an expression cannot be read
 */
export function compileLuaTemplate(text: string): LuaTemplate {
  const source = toByteString(text)
  const parts: (string | LuaProgram)[] = []
  let at = 0
  for (;;) {
    const open = source.indexOf('$(', at)
    const end = open === -1 ? -1 : closing(source, open + 1)
    if (end === -1) break
    const expression = source.slice(open + 2, end)
    const linesBefore = source.slice(0, open).split('\n').length + parts.length + 2
    checkExpression(expression, linesBefore)
    parts.push(source.slice(at, open), compileLuaExpression(expression))
    at = end + 1
  }
  parts.push(source.slice(at))
  const isFixed = parts.length === 1
  return {
    isFixed,
    render(globals) {
      if (isFixed) return source
      return parts
        .map((part) => (typeof part === 'string' ? part : rendered(part, globals())))
        .join('')
    },
  }
}

/** Faults are those of the program that Kong makes of a template, with a line for each part. */
function checkExpression(expression: string, linesBefore: number): void {
  try {
    parseLua(`part = __tostring((${expression}) or '')`)
  } catch (error) {
    throw error instanceof LuaSyntaxError ? error.within('TMP', linesBefore) : error
  }
}

function rendered(program: LuaProgram, globals: LuaTable): string {
  const [value] = program.run(globals)
  return isTrue(value) ? toText(value) : ''
}

/** Place of the parenthesis that closes the one at `open`; -1 when none does. */
function closing(text: string, open: number): number {
  let depth = 0
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1
    else if (text[at] === ')') depth -= 1
    if (depth === 0) return at
  }
  return -1
}
