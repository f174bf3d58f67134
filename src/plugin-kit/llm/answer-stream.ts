import { guessPieceTokens } from './count-tokens.ts'
import { memberAt, textAt } from './json-members.ts'
import type { LlmUsage } from './llm-usage.ts'
import {
  END_OF_STREAM,
  type Model,
  type Provider,
  type StreamEvent,
  type StreamTranslator,
  type StreamUsage,
  type Task,
} from './provider.ts'
import { PROVIDERS } from './providers/by-name.ts'
import { parseJsonObject } from './request-body.ts'
import { eventReader, type EventReader } from './stream-events.ts'

const UNSUPPORTED = 'data: {"error": true, "message": "empty or unsupported transformer response"}'

export interface AnswerStreamOptions {
  readonly model: Model
  readonly task: Task
  readonly contentType: string | undefined
  /** Whether the text of the answer is kept, for logs. */
  readonly keepsText: boolean
  /** Tokens of the request, as guessed. */
  readonly promptTokens: number
}

/** A streamed answer on its way from the form of its provider into OpenAI's. */
export class AnswerStream {
  /** What was answered, so far. */
  text = ''
  finishReason: unknown
  readonly #options: AnswerStreamOptions
  readonly #reader: EventReader | undefined
  readonly #translate: StreamTranslator | undefined
  #isUnsupportedTold = false
  #guessed = 0
  #told: LlmUsage | undefined

  constructor(options: AnswerStreamOptions) {
    const provider: Provider = PROVIDERS[options.model.provider]
    this.#options = options
    this.#reader = eventReader(options.contentType)
    this.#translate = provider.stream(options.model, options.task)
  }

  /** @returns what the client gets of these bytes, which may be nothing */
  push(bytes: Buffer): string {
    if (this.#reader !== undefined) return this.#render(this.#reader.push(bytes))
    if (bytes.length === 0 || this.#isUnsupportedTold) return ''
    this.#isUnsupportedTold = true
    return UNSUPPORTED
  }

  end(): string {
    return this.#render(this.#reader?.end() ?? [])
  }

  /** Counts the provider told, else those that were guessed. */
  get usage(): LlmUsage {
    return {
      promptTokens: this.#told?.promptTokens || this.#options.promptTokens,
      completionTokens: this.#told?.completionTokens || this.#guessed,
    }
  }

  #render(events: readonly StreamEvent[]): string {
    let rendered = ''
    for (const event of events) {
      const part = this.#translate?.(event)
      if (part?.usage !== undefined) this.#count(part.usage)
      if (part?.data === undefined) continue
      if (part.data !== END_OF_STREAM) this.#note(part.data)
      rendered += `data: ${part.data}\n\n`
    }
    return rendered
  }

  #count({ promptTokens, completionTokens, isTotal }: StreamUsage): void {
    const before = isTotal ? undefined : this.#told
    this.#told = {
      promptTokens: promptTokens + (before?.promptTokens ?? 0),
      completionTokens: completionTokens + (before?.completionTokens ?? 0),
    }
  }

  #note(data: string): void {
    const choice = memberAt(parseJsonObject(data), 'choices', 0)
    if (choice === undefined) return
    this.finishReason = memberAt(choice, 'finish_reason') ?? this.finishReason
    const text = textAt(choice, 'delta', 'content') ?? textAt(choice, 'text') ?? ''
    this.#guessed += guessPieceTokens(text)
    if (this.#options.keepsText) this.text += text
  }
}
