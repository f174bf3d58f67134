import type { AnswerStream } from '../../plugin-kit/llm/answer-stream.ts'
import type { LlmUsage } from '../../plugin-kit/llm/llm-usage.ts'
import type { Model, Task } from '../../plugin-kit/llm/provider.ts'

/** One request to a model and what became of it. */
export interface LlmCall {
  readonly model: Model
  /** Absent where nothing is translated. */
  readonly task: Task | undefined
  readonly isStream: boolean
  readonly clientTakesGzip: boolean
  /** Unix time in ms. */
  readonly startedAtMs: number
  /** The request as it is sent, without what proves who asks. */
  readonly request: string
  /** Tokens of the request, as guessed. */
  readonly promptTokens: number

  stream?: AnswerStream
  /** Pieces of a stream that has to come whole, since it is compressed. */
  compressed?: Buffer[]
  /** The answer as the client gets it; of a stream, what it amounts to. */
  answer?: string | undefined
  usage?: LlmUsage
  endedAtMs?: number
}
