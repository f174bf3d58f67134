import type { JsonObject } from '../../base/json.ts'
import type { ModelOptions } from './llm-fields.ts'
import { FormatFault, type Model, type Provider, type Task } from './provider.ts'
import { PROVIDERS } from './providers/by-name.ts'

export type Translation<Value> =
  | { readonly kind: 'done'; readonly value: Value }
  | { readonly kind: 'fault'; readonly message: string }

/** A request in OpenAI's form, in that of the model's provider, with the configured options. */
export function translateRequest(
  request: JsonObject,
  model: Model,
  task: Task,
): Translation<JsonObject> {
  const provider: Provider = PROVIDERS[model.provider]
  const asked = { ...request, ...configured(request, model.options) }
  return attempt(
    () => provider.toProvider(asked, model, task),
    (message) => message,
  )
}

/** Options of the configuration win over those of the request. */
function configured(request: JsonObject, options: ModelOptions): JsonObject {
  const names = ['temperature', 'max_tokens', 'top_p', 'top_k'] as const
  return Object.fromEntries(names.map((name) => [name, options[name] ?? request[name]]))
}

/** An answer of the provider, in OpenAI's form. */
export function translateAnswer(text: string, model: Model, task: Task): Translation<string> {
  const provider: Provider = PROVIDERS[model.provider]
  return attempt(
    () => provider.fromProvider(text, model, task),
    (message) => `transformation failed from type ${model.provider}://${task}: ${message}`,
  )
}

function attempt<Value>(
  translate: () => Value,
  messageOf: (message: string) => string,
): Translation<Value> {
  try {
    return { kind: 'done', value: translate() }
  } catch (error) {
    if (error instanceof FormatFault) return { kind: 'fault', message: messageOf(error.message) }
    throw error
  }
}
