import { isJsonObject, type JsonObject } from '../../../base/json.ts'
import { listAt, memberAt, numberAt, sumOf, textAt } from '../json-members.ts'
import {
  chatChunk,
  decoded,
  END_OF_STREAM,
  eventData,
  FormatFault,
  type Model,
  type Provider,
  type StreamEvent,
  type StreamPart,
  type StreamTranslator,
} from '../provider.ts'

const PATHS = { 'llm/v1/chat': '/v1/messages', 'llm/v1/completions': '/v1/complete' } as const

/** @see Anthropic's API reference, Messages and Text Completions */
export const anthropic: Provider = {
  name: 'anthropic',
  countsStreamedTokens: true,
  toProvider(request, model, task) {
    const common = {
      temperature: request['temperature'],
      model: model.name,
      stream: request['stream'] === true,
    }
    return task === 'llm/v1/chat'
      ? { ...chatRequest(request), ...common, max_tokens: request['max_tokens'] }
      : {
          ...common,
          prompt: `Human: ${textAt(request, 'prompt') ?? ''}\n\nAssistant:`,
          max_tokens_to_sample: request['max_tokens'],
        }
  },
  fromProvider(text, _model, task) {
    const answer = decoded(text, 'failed to decode anthropic response')
    return JSON.stringify(task === 'llm/v1/chat' ? chatAnswer(answer) : completionAnswer(answer))
  },
  stream: (model, task) => (task === 'llm/v1/chat' ? chatStream(model) : undefined),
  place: ({ task }) => ({
    origin: 'https://api.anthropic.com',
    path: task === undefined ? '/' : PATHS[task],
  }),
}

/** What the system says is not one of the messages there; of several the last counts. */
function chatRequest(request: JsonObject): JsonObject {
  const messages: unknown[] = []
  let system: unknown
  for (const message of listAt(request, 'messages')) {
    const role = memberAt(message, 'role')
    if (role === 'assistant' && memberAt(message, 'tool_calls') !== undefined)
      messages.push({ role, content: listAt(message, 'tool_calls').map(toolUse) })
    else if (role === 'tool') messages.push(toolResult(message))
    else if (role === 'assistant' || role === 'user') messages.push(message)
    else system = memberAt(message, 'content')
  }
  return {
    messages,
    system,
    tools: Array.isArray(request['tools']) ? request['tools'].flatMap(toolFor) : undefined,
    tool_choice: request['tool_choice'],
  }
}

function toolUse(call: unknown): JsonObject {
  return {
    type: 'tool_use',
    id: memberAt(call, 'id'),
    name: memberAt(call, 'function', 'name'),
    input: decoded(textAt(call, 'function', 'arguments') ?? '', 'arguments of a call are no JSON'),
  }
}

function toolResult(message: unknown): JsonObject {
  const result = {
    type: 'tool_result',
    tool_use_id: memberAt(message, 'tool_call_id'),
    content: memberAt(message, 'content'),
  }
  return { role: 'user', content: [result] }
}

function toolFor(tool: unknown): JsonObject[] {
  const described = memberAt(tool, 'function')
  if (!isJsonObject(described)) return []
  const { parameters, ...rest } = described
  return [{ ...rest, input_schema: parameters }]
}

function chatAnswer(answer: JsonObject): JsonObject {
  if (!Array.isArray(answer['content']))
    throw new FormatFault("'content' not in anthropic://llm/v1/chat response")
  const { content, usage } = answer
  const texts = content.flatMap((part) => textAt(part, 'text') ?? [])
  const calls = content.filter((part) => memberAt(part, 'type') === 'tool_use').map(toolCall)
  return {
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: texts.join('\n'),
          ...(calls.length > 0 && { tool_calls: calls }),
        },
        finish_reason: answer['stop_reason'],
      },
    ],
    usage: usage === undefined ? 'no usage data returned from upstream' : usageOf(usage),
    model: answer['model'],
    object: 'chat.completion',
  }
}

function toolCall(part: unknown): JsonObject {
  const input = memberAt(part, 'input')
  return {
    id: memberAt(part, 'id'),
    type: 'function',
    function: { name: memberAt(part, 'name'), arguments: JSON.stringify(input ?? {}) },
  }
}

function usageOf(usage: unknown): JsonObject {
  const prompt = numberAt(usage, 'input_tokens')
  const completion = numberAt(usage, 'output_tokens')
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: sumOf(prompt, completion),
  }
}

function completionAnswer(answer: JsonObject): JsonObject {
  if (typeof answer['completion'] !== 'string')
    throw new FormatFault("'completion' not in anthropic://llm/v1/chat response")
  const { completion: text, stop_reason: finish_reason, model } = answer
  return { choices: [{ index: 0, text, finish_reason }], model, object: 'text_completion' }
}

/** Only the first event names the message; each that goes on does. */
function chatStream({ name }: Model): StreamTranslator {
  let id: unknown
  return (given: StreamEvent): StreamPart | undefined => {
    const event = eventData(given)
    switch (given.event ?? '') {
      case 'message_start': {
        const message = memberAt(event, 'message')
        if (message === undefined) return undefined
        id = memberAt(message, 'id')
        const delta = { content: '', role: memberAt(message, 'role') }
        const more = { id, system_fingerprint: null }
        return {
          data: chatChunk(name, { delta, logprobs: null }, more),
          usage: streamUsage(memberAt(message, 'usage')),
        }
      }
      case 'content_block_start':
      case 'content_block_delta': {
        const delta = { content: textAt(event, 'delta', 'text') ?? '' }
        return { data: chatChunk(name, { delta, finish_reason: null, logprobs: null }, { id }) }
      }
      case 'message_delta':
        return { usage: streamUsage(memberAt(event, 'usage')) }
      case 'message_stop':
        return { data: END_OF_STREAM }
      default:
        return undefined
    }
  }
}

function streamUsage(usage: unknown): StreamPart['usage'] {
  if (usage === undefined) return undefined
  return {
    promptTokens: numberAt(usage, 'input_tokens') ?? 0,
    completionTokens: numberAt(usage, 'output_tokens') ?? 0,
    isTotal: false,
  }
}
