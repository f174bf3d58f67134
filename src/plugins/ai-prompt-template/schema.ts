import { maxRequestBodySize } from '../../plugin-kit/llm/body-size-field.ts'
import { array, boolean, record, string } from '../../schema/field.ts'

const template = record(
  {
    name: string({
      description: 'What requests call the template by: `{template://NAME}`.',
      required: true,
    }),
    template: string({
      description: 'The request that is made of it, with `{{name}}` where properties go.',
      required: true,
    }),
  },
  { required: true },
)

export const schema = {
  templates: array(template, {
    description: 'The templates that requests may call.',
    required: true,
  }),
  allow_untemplated_requests: boolean({
    description: 'Whether requests that call no template pass.',
    required: true,
    default: true,
  }),
  log_original_request: boolean({
    description: 'Whether logs have the request as it came.',
    required: true,
    default: false,
  }),
  max_request_body_size: maxRequestBodySize,
}
