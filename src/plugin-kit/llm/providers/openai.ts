import { memberAt, numberAt } from '../json-members.ts'
import {
  decoded,
  eventData,
  FormatFault,
  type Provider,
  type StreamEvent,
  type StreamPart,
} from '../provider.ts'

const PATHS = {
  'llm/v1/chat': '/v1/chat/completions',
  'llm/v1/completions': '/v1/completions',
} as const

/** The form into which all others are translated. @see OpenAI's API reference, Chat Completions */
export const openai: Provider = {
  name: 'openai',
  countsStreamedTokens: false,
  toProvider(request, model) {
    const { top_k: _unknownThere, ...rest } = request
    return { ...rest, model: model.name, stream: request['stream'] === true }
  },
  fromProvider(text, _model, task) {
    const answer = decoded(text, `failed to decode ${task} response`)
    if (memberAt(answer, 'choices') === undefined)
      throw new FormatFault(`'choices' not in ${task} response`)
    return text
  },
  stream: () => passOn,
  place: ({ task }) => ({
    origin: 'https://api.openai.com',
    path: task === undefined ? '/' : PATHS[task],
  }),
}

/** Tokens are told at the end of a stream whose request asked for that. */
function passOn(event: StreamEvent): StreamPart {
  const usage = event.data.includes('"usage"') ? eventData(event)?.['usage'] : undefined
  const promptTokens = numberAt(usage, 'prompt_tokens')
  const completionTokens = numberAt(usage, 'completion_tokens')
  return {
    data: event.data,
    ...(promptTokens !== undefined &&
      completionTokens !== undefined && {
        usage: { promptTokens, completionTokens, isTotal: true },
      }),
  }
}
