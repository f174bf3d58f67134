import type { JsonObject } from '../../base/json.ts'
import { exit, type Answer } from '../../plugin-kit/answer.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import type { CloudIdentity } from '../../plugin-kit/llm/cloud-identity.ts'
import { guessPromptTokens } from '../../plugin-kit/llm/count-tokens.ts'
import {
  authHeader,
  withArgument,
  withAuthArgument,
  withAuthMember,
} from '../../plugin-kit/llm/model-auth.ts'
import { azureVersion, modelUrl } from '../../plugin-kit/llm/model-url.ts'
import type { Model, Provider, Task } from '../../plugin-kit/llm/provider.ts'
import { PROVIDERS } from '../../plugin-kit/llm/providers/by-name.ts'
import {
  parseJsonObject,
  readRequestText,
  refuseRequest,
  saysJson,
} from '../../plugin-kit/llm/request-body.ts'
import { resolveModel } from '../../plugin-kit/llm/resolve-model.ts'
import { translateRequest } from '../../plugin-kit/llm/translate.ts'
import type { PluginLog } from '../../plugin-kit/plugin.ts'
import type { LlmCall } from './llm-call.ts'
import type { Config } from './schema.ts'

export interface Caller {
  readonly config: Config
  readonly identity: CloudIdentity | undefined
  readonly limitBytes: number
  readonly log: PluginLog
}

export type Prepared =
  | { readonly kind: 'call'; readonly call: LlmCall }
  | { readonly kind: 'answer'; readonly answer: Answer }

const TAKES_GZIP = /(?<![A-Za-z])gzip(?![A-Za-z])/i

/** Makes the request of a client one to the model; it only has to be forwarded then. */
export async function prepareCall(exchange: Exchange, caller: Caller): Promise<Prepared> {
  const startedAtMs = Date.now()
  const clientTakesGzip = TAKES_GZIP.test(exchange.request.header('accept-encoding') ?? '')
  const received = saysJson(exchange)
    ? await readRequestText(exchange, caller.limitBytes)
    : undefined
  const body = received === undefined ? undefined : parseJsonObject(received)
  if (body === undefined)
    return refused('content-type header does not match request body, or bad JSON formatting')
  const checked = checkRequest(exchange, body, caller.config)
  if (typeof checked === 'string') return refused(checked)
  const translated = translateBody(body, checked)
  if (translated.kind === 'fault') return refused(translated.message)

  const { model, task, isStream } = checked
  const request = task === undefined ? received! : JSON.stringify(translated.value)
  const sent = withAuth(request, translated.value, checked, caller.config.auth)
  exchange.upstream.setHeader('Accept-Encoding', isStream ? 'identity' : 'gzip, identity')
  if (task !== undefined) {
    exchange.upstream.setBody(sent)
    exchange.upstream.setHeader('Content-Type', 'application/json')
  }
  const answer = await redirect(exchange, caller, { ...checked, sent })
  if (answer !== undefined) return { kind: 'answer', answer }
  const promptTokens = guessedTokens(body, model, isStream)
  const call = { ...checked, clientTakesGzip, startedAtMs, request, promptTokens }
  return { kind: 'call', call }
}

function translateBody(
  body: JsonObject,
  { model, task, isStream }: Checked,
): ReturnType<typeof translateRequest> {
  return task === undefined
    ? { kind: 'done', value: body }
    : translateRequest(isStream ? { ...body, stream: true } : body, model, task)
}

/** What is sent may have a secret in it, which logs are not to have. */
function withAuth(
  request: string,
  body: JsonObject,
  { task }: Checked,
  auth: Config['auth'],
): string {
  return task === undefined || auth.param_location !== 'body'
    ? request
    : JSON.stringify(withAuthMember(body, auth))
}

/** Only where the provider does not tell them. */
function guessedTokens(body: JsonObject, { provider }: Model, isStream: boolean): number {
  const { countsStreamedTokens }: Provider = PROVIDERS[provider]
  return countsStreamedTokens ? 0 : guessPromptTokens(body, isStream ? 1.8 : 1)
}

function refused(message: string): Prepared {
  return { kind: 'answer', answer: refuseRequest(message) }
}

interface Checked {
  readonly model: Model
  readonly task: Task | undefined
  readonly isStream: boolean
}

/** @returns what is wrong, as the client is told */
function checkRequest(exchange: Exchange, body: JsonObject, config: Config): Checked | string {
  const forms = formsOf(body)
  const model = chooseModel(exchange, body, { config, hasPrompt: forms.length > 0 })
  if (typeof model === 'string') return model
  const fault = formFault(forms, config.route_type)
  if (fault !== undefined) return fault
  const wantsStream = body['stream'] !== undefined && body['stream'] !== false
  if (wantsStream && config.response_streaming === 'deny')
    return 'response streaming is not enabled for this LLM'
  return {
    model,
    task: config.route_type === 'preserve' ? undefined : config.route_type,
    isStream: wantsStream || config.response_streaming === 'always',
  }
}

/** The configured model; a client may choose one where none is configured. */
function chooseModel(
  exchange: Exchange,
  body: JsonObject,
  { config, hasPrompt }: { readonly config: Config; readonly hasPrompt: boolean },
): Model | string {
  const resolved = resolveModel(exchange, config.model)
  if (resolved.kind === 'fault') return resolved.message
  if (!hasPrompt) return "request body doesn't contain valid prompts"
  const asked = body['model']
  const own = typeof asked === 'string' && asked !== '' ? asked : undefined
  const name = resolved.name ?? own
  if (name === undefined)
    return 'model parameter not found in request, nor in gateway configuration'
  if (own !== undefined && own !== name) return `cannot use own model - must be: ${name}`
  if (LEADS_ELSEWHERE.test(name)) return 'model parameter is not the name of a model'
  return { provider: resolved.provider, name, options: resolved.options }
}

/** Some providers have the name in their path, where such a part would lead to another resource. */
const LEADS_ELSEWHERE = /(?:^|[/\\])(?:\.|%2e){1,2}(?:[/\\]|$)/i

function formsOf({ messages, prompt }: JsonObject): readonly Task[] {
  const forms: Task[] = []
  if (Array.isArray(messages) && messages.length > 0) forms.push('llm/v1/chat')
  if (typeof prompt === 'string') forms.push('llm/v1/completions')
  return forms
}

function formFault(forms: readonly Task[], route: Config['route_type']): string | undefined {
  if (route === 'preserve') return undefined
  if (forms.length > 1) return 'request matches multiple LLM request formats'
  return forms[0] === route
    ? undefined
    : `[${forms[0]}] message format is not compatible with [${route}] route type`
}

/** Sends the exchange to the model, with what proves who asks. */
async function redirect(
  exchange: Exchange,
  { config, identity, log }: Caller,
  { model, task, isStream, sent: body }: Checked & { readonly sent: string },
): Promise<Answer | undefined> {
  const { request, upstream } = exchange
  let url: URL
  try {
    const clientPath = request.path
    url = modelUrl({ model, task, isStream, region: identity?.region, clientPath })
  } catch (error) {
    log.error('ai-proxy: cannot tell where the model is', error)
    return exit(500)
  }
  upstream.scheme = url.protocol === 'http:' ? 'http' : 'https'
  upstream.setTarget(url.hostname.replaceAll(/^\[|\]$/g, ''), portOf(url))
  upstream.path = url.pathname
  upstream.rawQuery = queryOf(upstream.rawQuery, model, config.auth)
  if (model.provider === 'anthropic' && model.options.anthropic_version !== undefined)
    upstream.setHeader('anthropic-version', model.options.anthropic_version)
  const header = authHeader(config.auth, request)
  if (header !== undefined) upstream.setHeader(...header)
  try {
    url.search = upstream.rawQuery
    const proof = await identity?.prove({ url, body })
    for (const [name, value] of Object.entries(proof ?? {})) upstream.setHeader(name, value)
    return undefined
  } catch (error) {
    log.error(`ai-proxy: cannot prove to ${model.provider} who asks`, error)
    return exit(500, { error: { message: 'LLM request failed before proxying' } })
  }
}

function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port)
  return protocol === 'http:' ? 80 : 443
}

/** Azure wants to be told the version of its API; a client may say another. */
function queryOf(clientQuery: string, model: Model, auth: Config['auth']): string {
  const hasVersion = new URLSearchParams(clientQuery).has('api-version')
  const query =
    model.provider === 'azure' && !hasVersion
      ? withArgument(clientQuery, 'api-version', azureVersion(model))
      : clientQuery
  return withAuthArgument(query, auth)
}
