import type { Provider } from '../provider.ts'
import { openai } from './openai.ts'

const PATHS = {
  'llm/v1/chat': '/chat/completions',
  'llm/v1/completions': '/completions',
} as const

/** OpenAI's models on Azure: another place for the same form. */
export const azure: Provider = {
  ...openai,
  name: 'azure',
  place({ model: { options }, task }) {
    const { azure_instance: instance = '', azure_deployment_id: deployment = '' } = options
    return {
      origin: `https://${instance}.openai.azure.com`,
      prefix: `/openai/deployments/${deployment}`,
      path: task === undefined ? '/' : PATHS[task],
    }
  },
}
