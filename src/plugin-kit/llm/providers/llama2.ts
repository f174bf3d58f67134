import type { JsonObject } from '../../../base/json.ts'
import { listAt, memberAt, textAt } from '../json-members.ts'
import { decoded, FormatFault, type Model, type Provider, type Task } from '../provider.ts'
import { ollama } from './ollama.ts'
import { openai } from './openai.ts'

type Form = Pick<Provider, 'toProvider' | 'fromProvider' | 'stream'>

/** The form of a bare Llama 2, whose prompts are marked up. */
const raw: Form = {
  toProvider(request, { options }) {
    return {
      parameters: {
        max_new_tokens: options.max_tokens,
        top_p: options.top_p ?? 1,
        top_k: options.top_k ?? 40,
        temperature: options.temperature,
      },
      inputs: Array.isArray(request['messages'])
        ? chatPrompt(request['messages'])
        : `<s> [INST] <<SYS>> You are a helpful assistant. <<SYS>> ${textAt(request, 'prompt') ?? ''} [/INST]`,
    }
  },
  fromProvider(text, _model, task) {
    const answer = decoded(text, 'failed to decode llama2 response')
    return JSON.stringify({
      ...answerOf(generatedText(answer), task),
      ...(answer['usage'] !== undefined && { usage: answer['usage'] }),
    })
  },
  stream: () => undefined,
}

const FORMS = { raw, ollama, openai } as const

/** Llama 2, wherever it is served: the configuration says where, and in which form. */
export const llama2: Provider = {
  name: 'llama2',
  countsStreamedTokens: true,
  toProvider: (request, model, task) => formOf(model).toProvider(request, model, task),
  fromProvider: (text, model, task) => formOf(model).fromProvider(text, model, task),
  stream: (model, task) => formOf(model).stream(model, task),
  place: ({ model }) => ({ origin: model.options.upstream_url ?? '', path: '/' }),
}

function formOf({ options }: Model): Form {
  return FORMS[options.llama2_format ?? 'openai']
}

/** The first message is what the system says, whoever it is from. @see Llama 2, "How to prompt" */
function chatPrompt(messages: readonly unknown[]): string {
  return messages
    .map((message, index) => {
      const content = textAt(message, 'content') ?? ''
      if (index === 0) return `<s>[INST] <<SYS>> ${content} <</SYS>>`
      if (index === 1) return ` ${content} [/INST]`
      const role = memberAt(message, 'role')
      if (role === 'system') return ` ${content} </s>`
      return role === 'user' ? ` <s>[INST] ${content} [/INST]` : ''
    })
    .join('')
}

/** What follows the last mark: servers repeat the prompt. */
function generatedText(answer: JsonObject): string {
  const generations = listAt(answer, 'data')
  if (generations.length !== 1) throw new FormatFault('cannot parse response from llama2 endpoint')
  const text = textAt(generations[0], 'generated_text')
  if (text === undefined) throw new FormatFault('response data is empty from llama2 endpoint')
  return text.split('[/INST]').at(-1)!.trim()
}

function answerOf(text: string, task: Task): JsonObject {
  return task === 'llm/v1/chat'
    ? {
        choices: [{ message: { content: text, role: 'assistant' }, index: 0 }],
        object: 'chat.completion',
      }
    : { choices: [{ index: 0, text }], object: 'text_completion' }
}
