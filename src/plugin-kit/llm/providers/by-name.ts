import type { Model, Provider } from '../provider.ts'
import { anthropic } from './anthropic.ts'
import { azure } from './azure.ts'
import { bedrock } from './bedrock.ts'
import { cohere } from './cohere.ts'
import { gemini } from './gemini.ts'
import { huggingface } from './huggingface.ts'
import { llama2 } from './llama2.ts'
import { mistral } from './mistral.ts'
import { openai } from './openai.ts'

export const PROVIDERS: Readonly<Record<Model['provider'], Provider>> = {
  openai,
  azure,
  anthropic,
  cohere,
  mistral,
  llama2,
  gemini,
  bedrock,
  huggingface,
}
