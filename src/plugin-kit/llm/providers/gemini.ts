import { isJsonObject, type JsonObject } from '../../../base/json.ts'
import { listAt, memberAt, numberAt, textAt } from '../json-members.ts'
import {
  decoded,
  END_OF_STREAM,
  eventData,
  FormatFault,
  noTransformer,
  type Model,
  type Place,
  type PlaceRequest,
  type Provider,
  type StreamTranslator,
} from '../provider.ts'
import { geminiContents, systemText } from './gemini-contents.ts'

/** @see Google, Gemini API: generateContent; Vertex AI: the same at another place */
export const gemini: Provider = {
  name: 'gemini',
  countsStreamedTokens: true,
  pathWins: true,
  toProvider(request, model, task) {
    if (task !== 'llm/v1/chat') throw noTransformer(gemini, task)
    try {
      return chatRequest(request, model)
    } catch (error) {
      if (!(error instanceof FormatFault)) throw error
      throw new FormatFault(`error transforming to gemini://${task}: ${error.message}`)
    }
  },
  fromProvider(text, model) {
    return JSON.stringify(chatAnswer(decoded(text, 'failed to decode response from Gemini'), model))
  },
  stream: (model, task) => (task === 'llm/v1/chat' ? translator(model) : undefined),
  place,
}

function chatRequest(request: JsonObject, model: Model): JsonObject {
  const messages = listAt(request, 'messages')
  const system = systemText(messages)
  if (system !== undefined && model.name.startsWith('gemini-1.0'))
    throw new FormatFault("system prompts aren't supported on gemini-1.0 models")
  const declared = listAt(request, 'tools').flatMap((tool) => memberAt(tool, 'function') ?? [])
  return {
    contents: geminiContents(messages),
    ...(system !== undefined && { systemInstruction: { parts: [{ text: system }] } }),
    generationConfig: {
      maxOutputTokens: request['max_tokens'],
      stopSequences: request['stop'],
      temperature: request['temperature'],
      topK: request['top_k'],
      topP: request['top_p'],
    },
    ...(declared.length > 0 && { tools: [{ function_declarations: declared }] }),
    tool_config: request['tool_config'],
  }
}

function chatAnswer(answer: JsonObject, { name }: Model): JsonObject {
  if (listAt(answer, 'candidates').length === 0)
    throw new FormatFault('no generation candidates received from Gemini, or max_tokens too short')
  const usage = memberAt(answer, 'usageMetadata')
  const finish_reason = textAt(answer, 'candidates', 0, 'finishReason')?.toLowerCase()
  // What was held back as unsafe has no content, but says so.
  const unsaid = finish_reason === 'safety' ? { role: 'assistant' } : undefined
  const message = messageOf(listAt(answer, 'candidates', 0, 'content', 'parts')) ?? unsaid
  return {
    choices: message === undefined ? [] : [{ index: 0, message, finish_reason }],
    object: 'chat.completion',
    model: name,
    ...(usage !== undefined && {
      usage: {
        prompt_tokens: numberAt(usage, 'promptTokenCount'),
        completion_tokens: numberAt(usage, 'candidatesTokenCount'),
        total_tokens: numberAt(usage, 'totalTokenCount'),
      },
    }),
  }
}

/** The first part tells what an answer is: a text, or calls of functions. */
function messageOf(parts: readonly unknown[]): JsonObject | undefined {
  const text = textAt(parts, 0, 'text')
  if (text !== undefined) return { role: 'assistant', content: text }
  const calls = toolCalls(parts)
  return calls.length === 0 ? undefined : { role: 'assistant', tool_calls: calls }
}

function toolCalls(parts: readonly unknown[]): JsonObject[] {
  return parts
    .map((part) => memberAt(part, 'functionCall'))
    .filter(isJsonObject)
    .map((call) => ({
      type: 'function',
      function: { name: call['name'], arguments: JSON.stringify(call['args'] ?? {}) },
    }))
}

function translator({ name }: Model): StreamTranslator {
  return (given) => {
    if (given.data === END_OF_STREAM) return { data: END_OF_STREAM }
    const event = eventData(given)
    const parts = listAt(event, 'candidates', 0, 'content', 'parts')
    const text = textAt(parts, 0, 'text')
    const calls = toolCalls(parts)
    if (text === undefined && calls.length === 0) return undefined
    const delta = text === undefined ? { tool_calls: calls } : { content: text, role: 'assistant' }
    const finish_reason = memberAt(event, 'candidates', 0, 'finishReason')
    return {
      data: JSON.stringify({ model: name, choices: [{ delta, index: 0, finish_reason }] }),
      usage: {
        promptTokens: numberAt(event, 'usageMetadata', 'promptTokenCount') ?? 0,
        completionTokens: numberAt(event, 'usageMetadata', 'candidatesTokenCount') ?? 0,
        isTotal: true,
      },
    }
  }
}

function place({ model, isStream }: PlaceRequest): Place {
  const operation = isStream ? 'streamGenerateContent' : 'generateContent'
  const { api_endpoint: host, project_id: project, location_id: location } = model.options.gemini
  if (host === undefined)
    return {
      origin: 'https://generativelanguage.googleapis.com',
      path: `/v1beta/models/${model.name}:${operation}`,
    }
  return {
    origin: `https://${host}`,
    path: `/v1/projects/${project}/locations/${location}/publishers/google/models/${model.name}:${operation}`,
  }
}
