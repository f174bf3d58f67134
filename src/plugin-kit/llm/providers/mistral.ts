import type { Model, Provider } from '../provider.ts'
import { ollama } from './ollama.ts'
import { openai } from './openai.ts'

const FORMS = { ollama, openai } as const

/** Mistral's models, at Mistral or elsewhere; the configuration says in which form. */
export const mistral: Provider = {
  name: 'mistral',
  countsStreamedTokens: false,
  toProvider: (request, model, task) => formOf(model).toProvider(request, model, task),
  fromProvider: (text, model, task) => formOf(model).fromProvider(text, model, task),
  stream: (model, task) => formOf(model).stream(model, task),
  place: (asked) => ({ ...openai.place(asked), origin: 'https://api.mistral.ai' }),
}

function formOf({ options }: Model): (typeof FORMS)[keyof typeof FORMS] {
  return FORMS[options.mistral_format ?? 'openai']
}
