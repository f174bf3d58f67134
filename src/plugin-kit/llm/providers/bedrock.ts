import type { JsonObject } from '../../../base/json.ts'
import { listAt, memberAt, numberAt, textAt } from '../json-members.ts'
import {
  chatChunk,
  decoded,
  END_OF_STREAM,
  eventData,
  FormatFault,
  noTransformer,
  type Model,
  type Provider,
  type StreamTranslator,
} from '../provider.ts'

/** @see Amazon, Bedrock Runtime API: Converse and ConverseStream */
export const bedrock: Provider = {
  name: 'bedrock',
  countsStreamedTokens: true,
  pathWins: true,
  toProvider(request, model, task) {
    if (task !== 'llm/v1/chat') throw noTransformer(bedrock, task)
    const system = listAt(request, 'messages').filter((each) => memberAt(each, 'role') === 'system')
    if (system.length > 0 && !takesSystemPrompts(model.name))
      throw new FormatFault(
        `error transforming to bedrock://${task}: system prompts are unsupported for model '${model.name}`,
      )
    return chatRequest(request, model, system)
  },
  fromProvider(text, model) {
    return JSON.stringify(
      chatAnswer(decoded(text, 'failed to decode response from Bedrock'), model),
    )
  },
  stream: (model, task) => (task === 'llm/v1/chat' ? translator(model) : undefined),
  place: ({ model, isStream, region }) => ({
    origin: `https://bedrock-runtime.${region ?? ''}.amazonaws.com`,
    path: `/model/${model.name}/${isStream ? 'converse-stream' : 'converse'}`,
  }),
}

const WITHOUT_SYSTEM =
  /amazon.titan|cohere.command.*text|mistral.mistral.*7b.*instruct|mistral.mixtral.*8x7b.*instruct/s

/** Families of models that know no other role than that of the user and their own. */
export function takesSystemPrompts(model: string): boolean {
  return !WITHOUT_SYSTEM.test(model)
}

function chatRequest(request: JsonObject, model: Model, system: readonly unknown[]): JsonObject {
  const tools = listAt(request, 'tools').flatMap(toolFor)
  const own = request['bedrock']
  return {
    anthropic_version: model.options.anthropic_version ?? 'bedrock-2023-05-31',
    messages: listAt(request, 'messages')
      .filter((message) => !system.includes(message))
      .map(messageFor),
    ...(system.length > 0 && {
      system: system.map((message) => ({ text: memberAt(message, 'content') })),
    }),
    inferenceConfig: {
      maxTokens: request['max_tokens'],
      stopSequences: request['stop'],
      temperature: request['temperature'],
      topP: request['top_p'],
    },
    toolConfig: tools.length > 0 ? { tools } : memberAt(own, 'toolConfig'),
    additionalModelRequestFields: memberAt(own, 'additionalModelRequestFields'),
    guardrailConfig: request['guardrailConfig'],
  }
}

function toolFor(tool: unknown): JsonObject[] {
  const described = memberAt(tool, 'function')
  if (described === undefined) return []
  const toolSpec = {
    name: memberAt(described, 'name'),
    description: memberAt(described, 'description'),
    inputSchema: { json: memberAt(described, 'parameters') },
  }
  return [{ toolSpec }]
}

function messageFor(message: unknown): JsonObject {
  const role = memberAt(message, 'role')
  const content = memberAt(message, 'content')
  if (role === 'tool') return { role: 'user', content: [{ toolResult: toolResult(message) }] }
  const calls = listAt(message, 'tool_calls')
  if (role === 'assistant' && calls.length > 0)
    return { role, content: calls.map((call) => ({ toolUse: toolUse(call) })) }
  return {
    role: role === 'assistant' ? 'assistant' : 'user',
    content: Array.isArray(content) ? content : [{ text: content ?? '' }],
  }
}

function toolResult(message: unknown): JsonObject {
  return {
    toolUseId: memberAt(message, 'tool_call_id'),
    content: [{ text: memberAt(message, 'content') }],
    status: memberAt(message, 'status'),
  }
}

function toolUse(call: unknown): JsonObject {
  return {
    toolUseId: memberAt(call, 'id'),
    name: memberAt(call, 'function', 'name'),
    input: decoded(textAt(call, 'function', 'arguments') ?? '', 'arguments of a call are no JSON'),
  }
}

function chatAnswer(answer: JsonObject, { name }: Model): JsonObject {
  const parts = listAt(answer, 'output', 'message', 'content')
  const text = parts.map((part) => textAt(part, 'text')).find((each) => each !== undefined)
  const calls = parts.flatMap((part) => memberAt(part, 'toolUse') ?? []).map(toolCall)
  if (text === undefined && calls.length === 0)
    throw new FormatFault('no generation candidates received from Bedrock, or max_tokens too short')
  const usage = memberAt(answer, 'usage')
  const message = {
    role: 'assistant',
    content: text,
    ...(calls.length > 0 && { tool_calls: calls }),
  }
  const finish_reason = textAt(answer, 'stopReason')?.toLowerCase()
  return {
    choices: [{ index: 0, message, finish_reason }],
    object: 'chat.completion',
    model: name,
    ...(usage !== undefined && {
      usage: {
        prompt_tokens: numberAt(usage, 'inputTokens'),
        completion_tokens: numberAt(usage, 'outputTokens'),
        total_tokens: numberAt(usage, 'totalTokens'),
      },
    }),
  }
}

function toolCall(use: unknown): JsonObject {
  return {
    id: memberAt(use, 'toolUseId'),
    type: 'function',
    function: {
      name: memberAt(use, 'name'),
      arguments: JSON.stringify(memberAt(use, 'input') ?? {}),
    },
  }
}

function translator({ name }: Model): StreamTranslator {
  const chunk = (choice: JsonObject, more?: JsonObject) => ({
    data: chatChunk(name, { ...choice, logprobs: null }, more),
  })
  return (given) => {
    const event = eventData(given)
    switch (given.event ?? '') {
      case 'messageStart':
        return chunk(
          { delta: { content: '', role: memberAt(event, 'role') } },
          { system_fingerprint: null },
        )
      case 'contentBlockStart': {
        const use = memberAt(event, 'start', 'toolUse')
        if (use === undefined) return undefined
        const call = { ...toolCall(use), index: memberAt(event, 'contentBlockIndex') }
        return chunk({
          delta: {
            tool_calls: [{ ...call, function: { name: memberAt(use, 'name'), arguments: '' } }],
          },
          finish_reason: null,
        })
      }
      case 'contentBlockDelta':
        return chunk({ delta: deltaOf(event), finish_reason: null })
      case 'messageStop':
        return chunk({ delta: {}, finish_reason: memberAt(event, 'stopReason') })
      case 'metadata':
        return {
          data: END_OF_STREAM,
          usage: {
            promptTokens: numberAt(event, 'usage', 'inputTokens') ?? 0,
            completionTokens: numberAt(event, 'usage', 'outputTokens') ?? 0,
            isTotal: false,
          },
        }
      default:
        return undefined
    }
  }
}

function deltaOf(event: unknown): JsonObject {
  const input = textAt(event, 'delta', 'toolUse', 'input')
  if (input === undefined) return { content: textAt(event, 'delta', 'text') ?? '' }
  const index = memberAt(event, 'contentBlockIndex')
  return { tool_calls: [{ index, function: { arguments: input } }] }
}
