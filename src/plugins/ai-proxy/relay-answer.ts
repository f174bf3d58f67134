import { gzipSync } from 'node:zlib'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import { AnswerStream } from '../../plugin-kit/llm/answer-stream.ts'
import { guessAnswerTokens } from '../../plugin-kit/llm/count-tokens.ts'
import { inflated } from '../../plugin-kit/llm/gzip.ts'
import { usageIn } from '../../plugin-kit/llm/llm-usage.ts'
import { parseJsonObject } from '../../plugin-kit/llm/request-body.ts'
import { translateAnswer, type Translation } from '../../plugin-kit/llm/translate.ts'
import type { LlmCall } from './llm-call.ts'
import type { Config } from './schema.ts'

/** Providers that set cookies, which are for the gateway and not for its clients. */
const WITH_COOKIES: ReadonlySet<string> = new Set([
  'openai',
  'azure',
  'mistral',
  'gemini',
  'bedrock',
])

/** Only what the model answered well is changed; failures of its service go out as they are. */
export function isAnswered({ response }: Exchange): boolean {
  return response.source === 'service' && response.upstreamStatus === 200
}

/** Headers of an answer that goes out, whether it streams or not. */
export function setHeaders(exchange: Exchange, { model }: LlmCall, config: Config): void {
  const { request, response } = exchange
  if (WITH_COOKIES.has(model.provider)) response.removeHeader('set-cookie')
  if (config.model_name_header || request.header('kong-debug') !== undefined)
    response.setHeader('X-Kong-LLM-Model', `${model.provider}/${model.name}`)
}

/** Sends a whole answer in OpenAI's form, or says why it cannot. */
export function relayWhole({ response }: Exchange, call: LlmCall, body: Uint8Array): void {
  const { clientTakesGzip } = call
  const translated = translatedAnswer(response, call, body)
  call.endedAtMs = Date.now()
  if (translated.kind === 'fault') {
    response.status = 500
    response.setHeader('Content-Type', 'application/json')
    call.answer = JSON.stringify({ error: { message: translated.message } })
  } else call.answer = translated.value
  noteUsage(call)
  if (clientTakesGzip) response.setHeader('Content-Encoding', 'gzip')
  else response.removeHeader('content-encoding')
  response.replaceBody(clientTakesGzip ? gzipSync(call.answer) : call.answer)
}

/** Where nothing is translated an answer goes out as it came; logs want to know it all the same. */
export function noteWhole({ response }: Exchange, call: LlmCall, body: Uint8Array): void {
  call.endedAtMs = Date.now()
  if (isJson(response)) call.answer = textOf(response, body)
  noteUsage(call)
}

function translatedAnswer(
  response: Exchange['response'],
  { model, task }: LlmCall,
  body: Uint8Array,
): Translation<string> {
  return isJson(response)
    ? translateAnswer(textOf(response, body), model, task!)
    : { kind: 'fault', message: 'no response body found when transforming response' }
}

function isJson(response: Exchange['response']): boolean {
  return response.header('content-type')?.startsWith('application/json') ?? true
}

function textOf(response: Exchange['response'], body: Uint8Array): string {
  return inflated(body, response.header('content-encoding')).toString()
}

function noteUsage(call: LlmCall): void {
  const { answer = '', promptTokens } = call
  const parsed = parseJsonObject(answer)
  call.usage = usageIn(parsed, { promptTokens, completionTokens: guessAnswerTokens(parsed) })
}

/** What goes out is a stream of events, whatever the provider sends. */
export function beginStream({ response }: Exchange, call: LlmCall, keepsText: boolean): void {
  const { model, task, promptTokens } = call
  const contentType = response.header('content-type')
  response.setHeader('Content-Type', 'text/event-stream')
  if (task === undefined) return
  call.stream = new AnswerStream({ model, task, contentType, keepsText, promptTokens })
  if (response.header('content-encoding') === 'gzip') call.compressed = []
  response.removeHeader('content-encoding')
  response.dropLength()
}

/** @returns what goes out instead of a chunk */
export function relayChunk(call: LlmCall, chunk: Uint8Array, isLast: boolean): Buffer | undefined {
  const { stream, compressed } = call
  if (isLast) call.endedAtMs = Date.now()
  if (stream === undefined) return undefined
  // The chunk's memory may be used again once this returns.
  const bytes = Buffer.from(chunk)
  compressed?.push(bytes)
  if (compressed !== undefined && !isLast) return NOTHING
  const plain = compressed === undefined ? bytes : inflated(Buffer.concat(compressed), 'gzip')
  return Buffer.from(stream.push(plain) + (isLast ? stream.end() : ''))
}

const NOTHING = Buffer.alloc(0)

/** What a stream amounts to, in the form of an answer that does not stream. */
export function streamedAnswer({ stream }: LlmCall, keepsText: boolean): string {
  const { text, finishReason, usage } = stream!
  const kept = keepsText ? text : undefined
  return JSON.stringify({
    choices: [
      {
        finish_reason: finishReason,
        index: 0,
        logprobs: null,
        message: { role: 'assistant', content: kept },
      },
    ],
    object: 'chat.completion',
    response: kept ?? false,
    usage: {
      prompt_tokens: usage.promptTokens,
      completion_tokens: usage.completionTokens,
      total_tokens: usage.promptTokens + usage.completionTokens,
    },
  })
}
