import { numberAt } from './json-members.ts'
import type { ModelOptions } from './llm-fields.ts'

/** What a call of a model took, as logs tell it. */
export interface LlmUsage {
  readonly promptTokens: number
  readonly completionTokens: number
}

/** In the currency that the configured costs are in; 0 where they are not all configured. */
export function costOf(
  { promptTokens, completionTokens }: LlmUsage,
  { input_cost: input, output_cost: output }: ModelOptions,
): number {
  if (input === undefined || output === undefined) return 0
  return (promptTokens * input + completionTokens * output) / 1_000_000
}

/** Counts that an answer in OpenAI's form tells, over those that were guessed. */
export function usageIn(answer: unknown, guessed: LlmUsage): LlmUsage {
  return {
    promptTokens: numberAt(answer, 'usage', 'prompt_tokens') ?? guessed.promptTokens,
    completionTokens: numberAt(answer, 'usage', 'completion_tokens') ?? guessed.completionTokens,
  }
}
