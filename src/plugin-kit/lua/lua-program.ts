import { baseLibrary } from './base-library.ts'
import { LuaCompiler } from './compile.ts'
import { Meter } from './meter.ts'
import { Operations } from './operations.ts'
import { parseLua } from './parse.ts'
import { LuaTable, type LuaFunction, type LuaValue } from './values.ts'

/** A piece of Lua, ready to run again and again. */
export interface LuaProgram {
  /**
   * @param globals looked up before Lua's own library; a program's own globals end with its run
   * @returns what the program returned
   * @throws {LuaError} @throws {LuaLimitError}
   */
  run(globals: LuaTable, args?: readonly LuaValue[]): readonly LuaValue[]
  /** Calls a function that the program returned. What the program has set as globals is still there. */
  call(callee: LuaFunction, args?: readonly LuaValue[], globals?: LuaTable): readonly LuaValue[]
}

/**
 * Compiles a piece of Lua 5.1, as operators write it into configurations. It sees what it is given
 * and Lua's text, table, math and time functions: it cannot load code, read files or open sockets,
 * and steps, depth of calls and lengths of texts are limited.
 *
 * Texts are JavaScript's, so the length of `ä` is 1 where Lua has 2. There are no coroutines.
 *
 * @param now Unix time in ms
 * @throws {LuaSyntaxError}
 */
export function compileLua(source: string, now: () => number = Date.now): LuaProgram {
  const meter = new Meter()
  const operations = new Operations(meter)
  const library = baseLibrary(operations, now)
  const environment = new LuaTable()
  environment.metatable = new LuaTable()
  let given = new LuaTable()
  environment.metatable.set('__index', ([, key]) => [given.get(key) ?? library.get(key)])
  const body = parseLua(source)
  const program = new LuaCompiler(operations, environment).program(body)

  return {
    run(globals, args = []) {
      meter.reset()
      given = globals
      for (const [name] of environment.entries()) environment.set(name, undefined)
      return program(args)
    },
    call(callee, args = [], globals = given) {
      meter.reset()
      given = globals
      return operations.call(callee, args)
    },
  }
}

/** An expression as a program that returns its value. @throws {LuaSyntaxError} */
export function compileLuaExpression(source: string, now?: () => number): LuaProgram {
  return compileLua(`return ${source}`, now)
}
