import { exit, type Answer } from '../../plugin-kit/answer.ts'
import type { ClientRequest } from '../../plugin-kit/exchange.ts'
import { httpCaller, type CallReply } from '../../plugin-kit/http-caller.ts'
import { ALL_PROTOCOLS, definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { viaHeader } from '../../plugin-kit/via-header.ts'
import { schema, type Config } from './schema.ts'

/** A function takes no more either. */
const BODY_LIMIT_BYTES = 100 * 1024 * 1024

/** Calls a function on Azure and answers what it answers; no upstream is asked. */
export const azureFunctions: Plugin = definePlugin({
  name: 'azure-functions',
  priority: 749,
  schema,
  protocols: { allowed: ALL_PROTOCOLS },

  create(config, { node }) {
    const url = functionUrl(config)
    const keys = keyHeaders(config)
    const caller = httpCaller({
      timeoutMs: config.timeout,
      keepAliveMs: config.keepalive,
      verifiesTls: config.https_verify,
    })

    async function access({ request }: { readonly request: ClientRequest }): Promise<Answer> {
      const body = await request.readBody(BODY_LIMIT_BYTES)
      if (body === 'too-large') return exit(413, { message: 'Payload Too Large' })
      const { method, rawQuery } = request
      try {
        const called = new URL(url)
        called.search = rawQuery
        const headers = { ...clientHeaders(request), ...keys }
        const reply = await caller.call({ url: called, method, headers, body })
        return answerOf(reply, (received) => viaHeader(received, node))
      } catch (error) {
        node.log.error(`azure-functions: cannot call ${url.href}`, error)
        return exit(500, { message: 'An unexpected error occurred' })
      }
    }

    return { access, dispose: () => caller.dispose() }
  },
})

/** The same for every request: the path that the client asked for has no part in it. */
function functionUrl(config: Config): URL {
  const trimmed = (text: string): string => text.replaceAll(/^\/+|\/+$/g, '')
  const prefix = trimmed(config.routeprefix)
  const path = `${prefix === '' ? '' : `/${prefix}`}/${trimmed(config.functionname)}`
  return new URL(
    `${config.https ? 'https' : 'http'}://${config.appname}.${config.hostdomain}${path}`,
  )
}

function keyHeaders({ apikey, clientid }: Config): Readonly<Record<string, string>> {
  return {
    ...(apikey !== undefined && { 'x-functions-key': apikey }),
    ...(clientid !== undefined && { 'x-functions-clientid': clientid }),
  }
}

/** Said anew, about the connection to the client alone, or not the client's to say. */
const NOT_SENT: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'content-length',
  'te',
  'upgrade',
  'expect',
  'x-functions-key',
  'x-functions-clientid',
])

function clientHeaders(request: ClientRequest): Readonly<Record<string, string[]>> {
  const headers: Record<string, string[]> = Object.create(null)
  for (const [name, value] of request.headers()) {
    const lower = name.toLowerCase()
    if (!NOT_SENT.has(lower)) (headers[lower] ??= []).push(value)
  }
  return headers
}

function answerOf(
  { status, headers, body }: CallReply,
  via: (received: readonly string[]) => string | undefined,
): Answer {
  const kept: Record<string, string[]> = Object.create(null)
  const named: string[] = []
  for (const [name, value] of headers) {
    const lower = name.toLowerCase()
    if (lower === 'via') named.push(value)
    else (kept[lower] ??= []).push(value)
  }
  const viaValue = via(named)
  return {
    kind: 'exit',
    status,
    headers: { ...kept, ...(viaValue !== undefined && { via: viaValue }) },
    body,
    reason: 'azure-functions: the answer of the function',
  }
}
