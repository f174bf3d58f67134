import type { Answer } from './answer.ts'
import type { Exchange } from './exchange.ts'
import { kongGlobals, type KongParts } from './lua/kong-table.ts'
import { headerWriting, LuaExit, requestWriting } from './lua/kong-writing.ts'
import { compileLua } from './lua/lua-program.ts'
import { fromScript, LuaTable, toText, type LuaFunction } from './lua/values.ts'
import type { NodeServices, PluginContext, PluginHandlers } from './plugin.ts'
import type { ServerlessConfig } from './serverless-schema.ts'

/** Code does not see more of a body. */
const BODY_LIMIT_BYTES = 8 * 1024 * 1024
const NOTHING = new Uint8Array()

/** The handlers that run an operator's Lua in each phase that has some. */
export function serverlessHandlers(
  config: ServerlessConfig,
  { name, node }: PluginContext,
): PluginHandlers {
  if (node.setting('untrusted_lua') === 'off') return forbidden(name)
  const local = {}
  const globalsOf = (exchange: Exchange, writing: KongParts): LuaTable =>
    kongGlobals(exchange, node, { writing, local: exchange.local(local, () => new LuaTable()) })
  const reported = (phase: string, run: () => void): void => {
    try {
      run()
    } catch (error) {
      node.log.error(`${name}: code for ${phase} failed`, error)
    }
  }
  const phases = codeOf(config, node)
  if (phases.certificate)
    node.log.warn(
      `${name}: code for the phase certificate does not run; TLS is decided by SNI alone`,
    )

  return {
    ...(phases.rewrite && { rewrite: beforeUpstream(phases.rewrite, globalsOf) }),
    ...(phases.access && { access: beforeUpstream(phases.access, globalsOf) }),
    ...((phases.header_filter ?? phases.body_filter) && {
      headerFilter(exchange) {
        const filter = phases.body_filter
        if (filter?.replacesBody || filter?.changesChunks) exchange.response.dropLength()
        reported('header_filter', () =>
          phases.header_filter?.run(globalsOf(exchange, headerWriting(exchange))),
        )
      },
    }),
    ...(phases.body_filter && {
      bodyFilter: bodyFilter(phases.body_filter, globalsOf, reported),
    }),
    ...(phases.log && {
      log: (exchange) => reported('log', () => phases.log!.run(globalsOf(exchange, {}))),
    }),
  }
}

/** Everything that would run code fails the request; whoever switched it off wants to know. */
function forbidden(name: string): PluginHandlers {
  return {
    access() {
      throw new Error(`Cannot run ${name}: Lua is switched off (untrusted_lua)`)
    },
  }
}

/** The code of one phase. */
interface PhaseCode {
  run(globals: LuaTable): void
  /** It names functions that read the request's body. */
  readonly readsBody: boolean
  /** It names functions that replace the response's body as a whole. */
  readonly replacesBody: boolean
  /** It names the table in which chunks of the response's body can be changed. */
  readonly changesChunks: boolean
}

type Phases = { readonly [Phase in keyof ServerlessConfig]?: PhaseCode }

function codeOf(config: ServerlessConfig, node: NodeServices): Phases {
  const phases = Object.entries(config).filter(([, texts]) => texts.length > 0)
  return Object.fromEntries(phases.map(([phase, texts]) => [phase, phaseCode(texts, node)]))
}

function phaseCode(texts: readonly string[], node: NodeServices): PhaseCode {
  const pieces = texts.map((text) => piece(text, node))
  const all = texts.join('\n')
  return {
    run(globals) {
      for (const run of pieces) run(globals)
    },
    readsBody: /get_(?:raw_)?body/.test(all),
    replacesBody: all.includes('set_raw_body'),
    changesChunks: all.includes('ngx.arg'),
  }
}

/**
 * One string of code. When it returns a function, the code was there to prepare it: the function is
 * what runs from then on, for the first request as well.
 */
function piece(text: string, node: NodeServices): (globals: LuaTable) => void {
  const program = compileLua(text, () => node.now())
  let prepared: LuaFunction | undefined
  return (globals) => {
    if (prepared === undefined) {
      const [result] = program.run(globals)
      if (typeof result !== 'function') return
      prepared = result
    }
    program.call(prepared, [], globals)
  }
}

type GlobalsOf = (exchange: Exchange, writing: KongParts) => LuaTable

function beforeUpstream(
  code: PhaseCode,
  globalsOf: GlobalsOf,
): (exchange: Exchange) => Answer | undefined | Promise<Answer | undefined> {
  function run(exchange: Exchange, body: Uint8Array | undefined): Answer | undefined {
    try {
      code.run(globalsOf(exchange, requestWriting(exchange, body)))
      return undefined
    } catch (error) {
      if (error instanceof LuaExit) return error.answer
      throw error
    }
  }

  return (exchange) => {
    const { request } = exchange
    if (!code.readsBody || !request.hasBody)
      return run(exchange, code.readsBody ? NOTHING : undefined)
    return request
      .readBody(BODY_LIMIT_BYTES)
      .then((body) => run(exchange, body === 'too-large' ? undefined : body))
  }
}

interface Held {
  readonly chunks: Uint8Array[]
}

/** With `ngx.arg` code sees each chunk; with `get_raw_body` the whole body, once it is there. */
function bodyFilter(
  code: PhaseCode,
  globalsOf: GlobalsOf,
  reported: (phase: string, run: () => void) => void,
): NonNullable<PluginHandlers['bodyFilter']> {
  const key = {}
  return (exchange, chunk, isLast) => {
    const { chunks } = exchange.local<Held>(key, () => ({ chunks: [] }))
    // The chunk's memory may be used again once this returns.
    if (code.readsBody || code.replacesBody) chunks.push(Buffer.from(chunk))
    let replaced: string | undefined
    const globals = globalsOf(exchange, {
      response: {
        get_raw_body: () => (isLast ? Buffer.concat(chunks).toString() : undefined),
        set_raw_body: (args) => {
          replaced = args.text(0)
        },
      },
    })
    const arg = fromScript([Buffer.from(chunk).toString(), isLast]) as LuaTable
    const before = arg.get(1)
    ;(globals.get('ngx') as LuaTable).set('arg', arg)
    reported('body_filter', () => code.run(globals))
    if (code.replacesBody) return isLast ? wholeBody(replaced, chunks) : NOTHING
    const after = arg.get(1)
    return after === before ? undefined : Buffer.from(after === undefined ? '' : toText(after))
  }
}

/** Where the whole body may be replaced at its end, nothing of it has gone out before. */
function wholeBody(replaced: string | undefined, chunks: readonly Uint8Array[]): Uint8Array {
  return replaced === undefined ? Buffer.concat(chunks) : Buffer.from(replaced)
}
