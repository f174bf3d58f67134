import { exit, refuse, type Answer } from '../answer.ts'
import { readBodyFields } from '../body-fields.ts'
import type { Exchange } from '../exchange.ts'
import { encodeArgument } from '../query-arguments.ts'
import type { Arguments, LibraryFunction } from './arguments.ts'
import type { KongParts } from './kong-table.ts'
import { LuaError } from './lua-error.ts'
import { fromScript, LuaTable, toScript, toText, type LuaValue } from './values.ts'

/** A program has answered: nothing after it runs. Programs cannot catch it. */
export class LuaExit extends Error {
  readonly answer: Answer

  constructor(answer: Answer) {
    super('Lua code has answered')
    this.name = 'LuaExit'
    this.answer = answer
  }
}

/** What programs may do in the phases before the upstream is asked. */
export function requestWriting(exchange: Exchange, body: Uint8Array | undefined): KongParts {
  return {
    request: bodyFunctions(exchange, body),
    response: { ...responseWriting(exchange), ...exits() },
    'service.request': upstreamWriting(exchange),
    service: {
      set_target: (args) => exchange.upstream.setTarget(args.text(0), args.integer(1)),
      set_upstream: (args) => exchange.upstream.setUpstream(args.text(0)),
    },
  }
}

/** What programs may do once there is a response. */
export function headerWriting(exchange: Exchange): KongParts {
  return { response: responseWriting(exchange) }
}

type Functions = Readonly<Record<string, LibraryFunction>>

function bodyFunctions({ request }: Exchange, body: Uint8Array | undefined): Functions {
  return {
    get_raw_body: () => (body === undefined ? undefined : Buffer.from(body).toString()),
    get_body: () => {
      const contentType = request.header('content-type')
      const fields = body && readBodyFields(contentType, body)
      if (contentType === undefined) return [undefined, 'missing content type']
      if (fields === undefined) return [undefined, `unsupported content type '${contentType}'`]
      switch (fields.kind) {
        case 'json':
          return fromScript(fields.members)
        case 'form':
          return fromScript(Object.fromEntries(fields.pairs))
        case 'multipart':
          return fromScript(
            Object.fromEntries(
              fields.parts.map(({ name = '', content }) => [name, Buffer.from(content).toString()]),
            ),
          )
      }
    },
  }
}

function upstreamWriting({ upstream }: Exchange): Functions {
  return {
    set_scheme: (args) => {
      const scheme = args.text(0)
      if (scheme !== 'http' && scheme !== 'https') throw new LuaError(`invalid scheme: ${scheme}`)
      upstream.scheme = scheme
    },
    set_path: (args) => {
      upstream.path = args.text(0)
    },
    set_method: (args) => {
      upstream.method = args.text(0).toUpperCase()
    },
    set_raw_query: (args) => {
      upstream.rawQuery = args.text(0)
    },
    set_query: (args) => {
      upstream.rawQuery = queryOf(args.table(0))
    },
    set_header: (args) => upstream.setHeader(args.text(0), values(args)),
    add_header: (args) => upstream.addHeader(args.text(0), args.text(1)),
    clear_header: (args) => upstream.removeHeader(args.text(0)),
    set_headers: (args) => {
      for (const [name, value] of args.table(0).entries())
        upstream.setHeader(toText(name), headerValues(value))
    },
    set_raw_body: (args) => upstream.setBody(args.text(0)),
    set_body: (args) => upstream.setBody(JSON.stringify(toScript(args.table(0)))),
  }
}

function responseWriting({ response }: Exchange): Functions {
  return {
    set_status: (args) => {
      response.status = args.integer(0)
    },
    set_header: (args) => response.setHeader(args.text(0), values(args)),
    add_header: (args) => response.addHeader(args.text(0), args.text(1)),
    clear_header: (args) => response.removeHeader(args.text(0)),
    set_headers: (args) => {
      for (const [name, value] of args.table(0).entries())
        response.setHeader(toText(name), headerValues(value))
    },
  }
}

/** `kong.response.exit` and `kong.response.error`. */
function exits(): Functions {
  return {
    exit: (args) => {
      const status = statusOf(args, 100)
      const headers = headersOf(args.any(2))
      const body = args.any(1)
      if (body instanceof LuaTable)
        throw new LuaExit(exit(status, toScript(body) as Record<string, unknown>, { headers }))
      throw new LuaExit({
        kind: 'exit',
        status,
        headers,
        ...(body !== undefined && { body: toText(body) }),
      })
    },
    error: (args) => {
      const message = args.any(1)
      throw new LuaExit(
        refuse(statusOf(args, 400), message === undefined ? undefined : toText(message), {
          headers: headersOf(args.any(2)),
        }),
      )
    },
  }
}

function statusOf(args: Arguments, least: number): number {
  const status = args.integer(0)
  if (status < least || status > 599)
    throw new LuaError(`code must be a number between ${least} and 599`)
  return status
}

function headersOf(value: LuaValue): Record<string, string | readonly string[]> {
  if (!(value instanceof LuaTable)) return {}
  return Object.fromEntries(
    value.entries().map(([name, each]) => [toText(name).toLowerCase(), headerValues(each)]),
  )
}

function values(args: Arguments): string | readonly string[] {
  return headerValues(args.any(1))
}

function headerValues(value: LuaValue): string | readonly string[] {
  if (!(value instanceof LuaTable)) return toText(value)
  return value.entries().map(([, each]) => toText(each))
}

/** Sorted by name, as Kong writes it. */
function queryOf(table: LuaTable): string {
  return table
    .entries()
    .map(([name, value]) => [toText(name), value] as const)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([name, value]) => {
      const all = value instanceof LuaTable ? value.entries().map(([, each]) => each) : [value]
      return all
        .filter((each) => each !== false)
        .map((each) =>
          each === true
            ? encodeArgument(name)
            : `${encodeArgument(name)}=${encodeArgument(toText(each))}`,
        )
    })
    .join('&')
}
