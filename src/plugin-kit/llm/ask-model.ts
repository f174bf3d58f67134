import type { JsonObject } from '../../base/json.ts'
import { httpCaller, type Call, type ForwardProxy, type HttpCaller } from '../http-caller.ts'
import { compilePattern } from '../pattern.ts'
import type { NodeServices } from '../plugin.ts'
import { cloudIdentity } from './cloud-identity.ts'
import { memberAt, textAt } from './json-members.ts'
import { withAllRecords, type LlmConfig } from './llm-fields.ts'
import { authHeader, withAuthArgument, withAuthMember } from './model-auth.ts'
import { modelUrl } from './model-url.ts'
import type { Model } from './provider.ts'
import { takesSystemPrompts } from './providers/bedrock.ts'
import { parseJsonObject } from './request-body.ts'
import type { TransformerConfig } from './transformer-fields.ts'
import { translateAnswer, translateRequest } from './translate.ts'

/** What asking a model came to. */
export type Asked =
  | { readonly kind: 'said'; readonly content: string; readonly facts: AskedFacts }
  /** Nobody could be asked: the gateway cannot prove who it is. */
  | { readonly kind: 'unproven'; readonly cause: unknown }
  | { readonly kind: 'fault'; readonly message: string }

/** For logs. */
export interface AskedFacts {
  /** The model's answer in OpenAI's form, as JSON. */
  readonly answer: string
  readonly latencyMs: number
}

export interface ModelAsker {
  /** @param content what the prompt of the configuration is about */
  ask(content: string): Promise<Asked>
  dispose(): void
}

/** Lets a model do with texts what the prompt of a configuration says. */
export function modelAsker(config: TransformerConfig, node: NodeServices): ModelAsker {
  const llm = withAllRecords(config.llm)
  const identity = cloudIdentity(llm, node)
  const pick = picker(config.transformation_extract_pattern)
  const caller = httpCaller({
    timeoutMs: config.http_timeout,
    keepAliveMs: config.http_timeout,
    verifiesTls: config.https_verify,
    httpProxy: proxyOf(config.http_proxy_host, config.http_proxy_port),
    httpsProxy: proxyOf(config.https_proxy_host, config.https_proxy_port),
  })
  const { provider, name = '', options } = llm.model
  const model: Model = { provider, name, options }

  async function ask(content: string): Promise<Asked> {
    const asked = { messages: messagesFor(config.prompt, content, model), stream: false }
    const request = translateRequest(asked, model, 'llm/v1/chat')
    if (request.kind === 'fault') return request
    const body = JSON.stringify(withAuthMember(withoutEmptyName(request.value), llm.auth))
    const url = modelUrl({ model, task: 'llm/v1/chat', isStream: false, region: identity?.region })
    url.search = withAuthArgument(url.search.slice(1), llm.auth)
    let proof: Readonly<Record<string, string>> = {}
    try {
      proof = (await identity?.prove({ url, body })) ?? {}
    } catch (cause) {
      return { kind: 'unproven', cause }
    }
    const startedAtMs = Date.now()
    const reply = await send(caller, { url, body, headers: { ...headersFor(llm), ...proof } })
    if (typeof reply !== 'string') return reply
    const latencyMs = Date.now() - startedAtMs
    const said = contentOf(reply, model)
    if (said.kind === 'fault') return said
    const picked = pick(said.content)
    return typeof picked === 'string'
      ? { kind: 'said', content: picked, facts: { answer: said.answer, latencyMs } }
      : picked
  }

  return {
    ask,
    dispose() {
      caller.dispose()
      identity?.dispose()
    },
  }
}

type Fault = Asked & { readonly kind: 'fault' }

function fault(message: string): Fault {
  return { kind: 'fault', message }
}

/** @returns the body of the answer */
async function send(caller: HttpCaller, call: Omit<Call, 'method'>): Promise<string | Fault> {
  try {
    const { status, body } = await caller.call({ ...call, method: 'POST' })
    return status > 299
      ? fault(`failed to introspect request with AI service: status code ${status}`)
      : body.toString()
  } catch (error) {
    return fault(
      'failed to introspect request with AI service: request to ai service failed: ' +
        `request failed: ${(error as Error).message}`,
    )
  }
}

interface Content {
  readonly kind: 'content'
  readonly content: string
  readonly answer: string
}

function contentOf(reply: string, model: Model): Content | Fault {
  const translated = translateAnswer(reply, model, 'llm/v1/chat')
  if (translated.kind === 'fault')
    return fault(`failed to convert AI response to Kong format: ${translated.message}`)
  const choice = memberAt(parseJsonObject(translated.value), 'choices', 0)
  const content = textAt(choice, 'message', 'content')
  return content === undefined
    ? fault(unsaid(choice, model))
    : { kind: 'content', content, answer: translated.value }
}

function unsaid(choice: unknown, { provider }: Model): string {
  return provider === 'gemini' && memberAt(choice, 'finish_reason') === 'safety'
    ? 'failed to convert AI response to Kong format: transformation failed from type ' +
        'gemini://llm/v1/chat: transformation generation candidate breached Gemini content safety'
    : "no 'choices' in upstream AI service response"
}

function proxyOf(host: string | undefined, port: number | undefined): ForwardProxy | undefined {
  return host === undefined || port === undefined ? undefined : { host, port }
}

/** Some families of models take no word of a system: there the user says it, and is asked back. */
function messagesFor(prompt: string, content: string, model: Model): readonly JsonObject[] {
  if (model.provider === 'bedrock' && !takesSystemPrompts(model.name))
    return [
      { role: 'user', content: prompt },
      { role: 'assistant', content: 'What is the message?' },
      { role: 'user', content },
    ]
  return [
    { role: 'system', content: prompt },
    { role: 'user', content },
  ]
}

/** A model at a place of its own need not have a name. */
function withoutEmptyName({ model, ...rest }: JsonObject): JsonObject {
  return model === '' || model === undefined ? rest : { ...rest, model }
}

function headersFor({ auth, model }: LlmConfig): Readonly<Record<string, string>> {
  const header = authHeader(auth)
  const version = model.provider === 'anthropic' ? model.options.anthropic_version : undefined
  return {
    Accept: 'application/json',
    'Content-Type': 'application/json',
    ...(version !== undefined && { 'anthropic-version': version }),
    ...(header !== undefined && { [header[0]]: header[1] }),
  }
}

/** @returns what of an answer a pattern picks out, in letters of either case and line by line */
function picker(pattern: string | undefined): (content: string) => string | Fault {
  if (pattern === undefined) return (content) => content
  try {
    const compiled = compilePattern(`(?im:${pattern})`)
    return (content) =>
      compiled.firstIn(content) ?? fault('AI response did not match specified regular expression')
  } catch (error) {
    const message = `failed regex matching ai response: ${(error as Error).message}`
    return () => fault(message)
  }
}
