import type { JsonObject } from '../../../base/json.ts'
import { listAt, memberAt, textAt } from '../json-members.ts'
import {
  chatChunk,
  decoded,
  END_OF_STREAM,
  eventData,
  FormatFault,
  type Model,
  type Provider,
  type StreamTranslator,
  type Task,
} from '../provider.ts'

/** @see Hugging Face, Inference API: detailed parameters */
export const huggingface: Provider = {
  name: 'huggingface',
  countsStreamedTokens: false,
  toProvider(request, model, task) {
    const { top_k, top_p, temperature, max_tokens, prompt, ...rest } = request
    const limit = task === 'llm/v1/chat' ? 'max_length' : 'max_new_tokens'
    const { use_cache = false, wait_for_model = false } = model.options.huggingface
    const given = rest['parameters']
    return {
      ...rest,
      ...(task === 'llm/v1/completions' && { inputs: prompt }),
      options: { use_cache, wait_for_model },
      parameters: {
        top_k,
        top_p,
        temperature,
        [limit]: max_tokens,
        ...(typeof given === 'object' && given),
      },
      model: model.name,
    }
  },
  fromProvider(text, model, task) {
    const answer = decoded(text, 'Failed to decode response')
    const fault = memberAt(answer, 'error') ?? memberAt(answer, 'message')
    if (fault !== undefined)
      throw new FormatFault(
        `API error: ${typeof fault === 'string' ? fault : JSON.stringify(fault)}`,
      )
    return JSON.stringify({
      model: model.name,
      object: memberAt(answer, 'object') ?? task,
      choices: contentsOf(answer).map((content, index) => ({
        message: { content },
        index,
        finish_reason: 'complete',
      })),
      usage: memberAt(answer, 'usage') ?? {},
    })
  },
  stream: translator,
  place: ({ model, task }) => ({
    origin: 'https://api-inference.huggingface.co',
    path: `/models/${model.name}`,
    suffix: task === 'llm/v1/completions' ? '' : '/v1/chat/completions',
  }),
}

/** Generation answers with a list, chat with choices. */
function contentsOf(answer: JsonObject): readonly string[] {
  const generated = textAt(answer, 0, 'generated_text')
  if (generated !== undefined) return [generated]
  if (!Array.isArray(answer['choices'])) throw new FormatFault('Invalid response format')
  return listAt(answer, 'choices').map((choice) => textAt(choice, 'message', 'content') ?? '')
}

function translator({ name }: Model, task: Task): StreamTranslator {
  return (given) => {
    if (given.data === END_OF_STREAM) return { data: END_OF_STREAM }
    const event = eventData(given)
    if (event === undefined) return undefined
    if (task === 'llm/v1/chat') {
      const content = textAt(event, 'choices', 0, 'delta', 'content') ?? ''
      const delta = { content, role: 'assistant' }
      return { data: chatChunk(textAt(event, 'model') ?? name, { delta }) }
    }
    const choices = [{ text: textAt(event, 'token', 'text') ?? '', index: 0 }]
    return { data: JSON.stringify({ choices, model: name, object: 'text_completion' }) }
  }
}
