import { maxRequestBodySize } from '../../plugin-kit/llm/body-size-field.ts'
import { llmFields } from '../../plugin-kit/llm/llm-fields.ts'
import { boolean, string, type RecordOf } from '../../schema/field.ts'

export const schema = {
  ...llmFields,
  response_streaming: string({
    description: 'Whether answers stream: when clients ask for it, never, or always.',
    required: false,
    default: 'allow',
    one_of: ['allow', 'deny', 'always'],
  }),
  max_request_body_size: maxRequestBodySize,
  model_name_header: boolean({
    description: 'Whether answers name provider and model, in `X-Kong-LLM-Model`.',
    default: true,
  }),
}

export type Config = RecordOf<typeof schema>
