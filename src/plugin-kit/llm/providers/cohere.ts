import type { JsonObject } from '../../../base/json.ts'
import { listAt, memberAt, numberAt, sumOf, textAt } from '../json-members.ts'
import {
  decoded,
  END_OF_STREAM,
  eventData,
  FormatFault,
  type Model,
  type Provider,
  type StreamTranslator,
  type Task,
} from '../provider.ts'
import { openai } from './openai.ts'

const PATHS = { 'llm/v1/chat': '/v1/chat', 'llm/v1/completions': '/v1/generate' } as const

/** @see Cohere's API reference, version 1: Chat and Generate */
export const cohere: Provider = {
  name: 'cohere',
  countsStreamedTokens: true,
  toProvider(request, model, task) {
    // Tools are for the second version, whose form is OpenAI's.
    if (request['tools'] !== undefined) return openai.toProvider(request, model, task)
    const { top_p, top_k, messages, ...rest } = request
    const common = {
      ...rest,
      p: top_p,
      k: top_k,
      model: model.name,
      stream: rest['stream'] === true,
    }
    return Array.isArray(messages) ? { ...common, ...chatRequest(messages) } : common
  },
  fromProvider(text, model) {
    return JSON.stringify(answerOf(decoded(text, 'failed to decode cohere response'), model))
  },
  stream,
  place: ({ task }) => ({
    origin: 'https://api.cohere.com',
    path: task === undefined ? '/' : PATHS[task],
  }),
}

/** The last message is the question; those before are the history. */
function chatRequest(messages: readonly unknown[]): JsonObject {
  const history = messages.slice(0, -1).map((message) => {
    const role = memberAt(message, 'role')
    return {
      role: role === 'assistant' || role === 'CHATBOT' ? 'CHATBOT' : 'USER',
      message: memberAt(message, 'content'),
    }
  })
  return {
    message: memberAt(messages.at(-1), 'content'),
    ...(history.length > 0 && { chat_history: history }),
  }
}

function answerOf(answer: JsonObject, { name }: Model): JsonObject {
  if (memberAt(answer, 'prompt') !== undefined && Array.isArray(answer['generations']))
    return {
      choices: listAt(answer, 'generations').map((generation, index) => ({
        index,
        text: memberAt(generation, 'text'),
        finish_reason: 'stop',
      })),
      object: 'text_completion',
      model: name,
      id: answer['id'],
      usage: usageOf(memberAt(answer, 'meta', 'billed_units')),
    }
  if (typeof answer['text'] === 'string')
    return chatAnswer({
      message: { role: 'assistant', content: answer['text'] },
      finish_reason: 'stop',
      model: name,
      id: answer['generation_id'],
      usage: firstUsage(answer),
    })
  const { message } = answer
  if (message === undefined)
    throw new FormatFault("'text' or 'generations' missing from cohere response body")
  return chatAnswer({
    message: {
      role: 'assistant',
      content: memberAt(message, 'tool_plan') ?? memberAt(message, 'content'),
      tool_calls: memberAt(message, 'tool_calls'),
    },
    finish_reason: answer['finish_reason'],
    model: name,
    id: answer['id'],
    usage: usageOf(memberAt(answer, 'usage', 'billed_units')),
  })
}

function chatAnswer({
  message,
  finish_reason,
  ...rest
}: Readonly<Record<'message' | 'finish_reason' | 'model' | 'id' | 'usage', unknown>>): JsonObject {
  return { choices: [{ index: 0, message, finish_reason }], object: 'chat.completion', ...rest }
}

/** Older answers count tokens elsewhere. */
function firstUsage(answer: unknown): JsonObject {
  const billed = memberAt(answer, 'meta', 'billed_units')
  if (billed !== undefined) return usageOf(billed)
  const counts = memberAt(answer, 'token_count')
  return {
    completion_tokens: numberAt(counts, 'response_tokens'),
    prompt_tokens: numberAt(counts, 'prompt_tokens'),
    total_tokens: numberAt(counts, 'total_tokens'),
  }
}

function usageOf(billed: unknown): JsonObject {
  const prompt = numberAt(billed, 'input_tokens')
  const completion = numberAt(billed, 'output_tokens')
  return {
    completion_tokens: completion,
    prompt_tokens: prompt,
    total_tokens: sumOf(prompt, completion),
  }
}

function stream({ name }: Model, task: Task): StreamTranslator {
  const isChat = task === 'llm/v1/chat'
  let id: unknown
  const chunk = (choice: JsonObject): string =>
    JSON.stringify({
      choices: [{ index: 0, ...choice }],
      id,
      model: name,
      object: isChat ? 'chat.completion.chunk' : 'text_completion',
    })

  return (given) => {
    const event = eventData(given)
    switch (memberAt(event, 'event_type')) {
      case 'stream-start':
        id = memberAt(event, 'generation_id')
        return { data: chunk({ delta: { content: '', role: 'assistant' } }) }
      case 'text-generation': {
        const text = textAt(event, 'text') ?? ''
        const part = isChat ? { delta: { content: text } } : { text }
        return { data: chunk({ ...part, finish_reason: null, logprobs: null }) }
      }
      case 'stream-end': {
        const usage = firstUsage(memberAt(event, 'response'))
        return {
          data: END_OF_STREAM,
          usage: {
            promptTokens: numberAt(usage, 'prompt_tokens') ?? 0,
            completionTokens: numberAt(usage, 'completion_tokens') ?? 0,
            isTotal: false,
          },
        }
      }
      default:
        return undefined
    }
  }
}
