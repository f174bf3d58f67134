import type { JsonObject } from '../../../base/json.ts'
import { memberAt, numberAt, textAt } from '../json-members.ts'
import {
  chatChunk,
  decoded,
  END_OF_STREAM,
  eventData,
  type Model,
  type Provider,
  type StreamTranslator,
  type Task,
} from '../provider.ts'

/** The form of an Ollama server, in which several families of models are served. */
export const ollama: Pick<Provider, 'toProvider' | 'fromProvider' | 'stream'> = {
  toProvider(request, model) {
    const { messages, prompt, stream } = request
    return {
      ...(messages === undefined ? { prompt } : { messages }),
      stream: stream === true,
      model: model.name,
      options: {
        num_predict: request['max_tokens'],
        temperature: request['temperature'],
        top_p: request['top_p'],
        top_k: request['top_k'],
      },
    }
  },
  fromProvider(text, model, task) {
    const answer = decoded(text, 'failed to decode ollama response')
    return JSON.stringify({
      model: answer['model'],
      created: answer['created_at'],
      usage: usageOf(answer),
      ...(task === 'llm/v1/chat' ? chatPart(answer, model) : completionPart(answer)),
    })
  },
  stream: (_model, task) => translator(task),
}

function usageOf(answer: JsonObject): JsonObject {
  const prompt = numberAt(answer, 'prompt_eval_count') ?? 0
  const completion = numberAt(answer, 'eval_count') ?? 0
  return {
    completion_tokens: completion,
    prompt_tokens: prompt,
    total_tokens: prompt + completion,
  }
}

/** Nothing says why it stopped, except that it had as many tokens as it was allowed. */
function chatPart(answer: JsonObject, { options }: Model): JsonObject {
  const isCut = numberAt(answer, 'eval_count') === (options.max_tokens ?? -1)
  const finish_reason = isCut ? 'length' : 'stop'
  return {
    object: 'chat.completion',
    choices: [{ finish_reason, index: 0, message: answer['message'] }],
  }
}

function completionPart(answer: JsonObject): JsonObject {
  return { object: 'text_completion', choices: [{ index: 0, text: answer['response'] }] }
}

function translator(task: Task): StreamTranslator {
  return (given) => {
    const event = eventData(given)
    if (event === undefined) return undefined
    if (event['done'] === true)
      return {
        data: END_OF_STREAM,
        usage: {
          promptTokens: numberAt(event, 'prompt_eval_count') ?? 0,
          completionTokens: numberAt(event, 'eval_count') ?? 0,
          isTotal: false,
        },
      }
    const model = textAt(event, 'model')
    if (task === 'llm/v1/chat')
      return {
        data: chatChunk(model, { delta: { content: memberAt(event, 'message', 'content') ?? '' } }),
      }
    const choices = [{ text: textAt(event, 'response') ?? '', index: 0 }]
    return { data: JSON.stringify({ choices, model, object: 'text_completion' }) }
  }
}
