import type { JsonObject } from '../../base/json.ts'
import type { LlmConfig, ModelOptions } from './llm-fields.ts'

/** What a model is asked for, in OpenAI's form, into and out of which providers translate. */
export type Task = Exclude<LlmConfig['route_type'], 'preserve'>

/** A model as it is used for one request. */
export interface Model {
  readonly provider: LlmConfig['model']['provider']
  readonly name: string
  readonly options: ModelOptions
}

/** How requests and answers of one provider differ from OpenAI's. */
export interface Provider {
  /** The provider’s name in messages, with the form where it has several: `llama2`. */
  readonly name: string
  /** Whether its streams say how many tokens they had. */
  readonly countsStreamedTokens: boolean
  /** Whether a configured path wins over that of a configured URL. */
  readonly pathWins?: boolean
  /**
   * @param request in OpenAI's form, with the configured options in it; changed in place
   * @throws {FormatFault} with the whole message
   */
  toProvider(request: JsonObject, model: Model, task: Task): JsonObject
  /**
   * @returns JSON in OpenAI's form
   * @throws {FormatFault} with what is wrong
   */
  fromProvider(text: string, model: Model, task: Task): string
  /** Translates one stream. @returns nothing where it has no streams */
  stream(model: Model, task: Task): StreamTranslator | undefined
  /** Where the model is, unless the configuration says so. */
  place(asked: PlaceRequest): Place
}

export interface PlaceRequest {
  readonly model: Model
  /** Absent for requests that are not translated. */
  readonly task: Task | undefined
  readonly isStream: boolean
  /** Region of Amazon's cloud, where the provider is there. */
  readonly region: string | undefined
}

export interface Place {
  /** `https://host`, with a port if it is not the usual one. */
  readonly origin: string
  /** What stands before a configured path as well. */
  readonly prefix?: string
  readonly path: string
  /** What stands behind a configured URL as well. */
  readonly suffix?: string
}

/** One event of a stream: of `text/event-stream`, or what stands for it elsewhere. */
export interface StreamEvent {
  readonly event: string | undefined
  readonly data: string
}

/** What becomes of one event; it may be nothing. */
export interface StreamPart {
  /** Data of an event in OpenAI's form; {@link END_OF_STREAM} for the last. */
  readonly data?: string | undefined
  readonly usage?: StreamUsage | undefined
}

export interface StreamUsage {
  readonly promptTokens: number
  readonly completionTokens: number
  /** Whether these are counts of the stream so far; else they are added to those before. */
  readonly isTotal: boolean
}

export type StreamTranslator = (event: StreamEvent) => StreamPart | undefined

export const END_OF_STREAM = '[DONE]'

/** A request or an answer that cannot be translated. */
export class FormatFault extends Error {}

export function noTransformer({ name }: Provider, task: Task): FormatFault {
  return new FormatFault(`no transformer for ${name}://${task}`)
}

/** @throws {FormatFault} when it is no JSON object, or list */
export function decoded(text: string, message: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as JsonObject
  } catch {
    // What is wrong with it does not matter to the message.
  }
  throw new FormatFault(message)
}

/** @returns nothing for what is no JSON object */
export function eventData({ data }: StreamEvent): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(data)
    return typeof value === 'object' && value !== null ? (value as JsonObject) : undefined
  } catch {
    // A comment or a piece of one; the stream goes on.
    return undefined
  }
}

/** Part of a chat in OpenAI's form. */
export function chatChunk(
  model: string | undefined,
  choice: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>> = {},
): string {
  return JSON.stringify({
    choices: [{ index: 0, ...choice }],
    model,
    object: 'chat.completion.chunk',
    ...more,
  })
}
