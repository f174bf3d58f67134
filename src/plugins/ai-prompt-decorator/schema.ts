import { maxRequestBodySize } from '../../plugin-kit/llm/body-size-field.ts'
import { array, record, string, type EntityCheck } from '../../schema/field.ts'

const message = record(
  {
    role: string({ required: true, one_of: ['system', 'assistant', 'user'], default: 'system' }),
    content: string({ required: true, len_min: 1, len_max: 500 }),
  },
  { required: false },
)

const messages = (description: string) =>
  array(message, { description, required: false, len_max: 15 })

export const schema = {
  prompts: record(
    {
      prepend: messages('Messages to put before those of the request, in this order.'),
      append: messages('Messages to put after those of the request, in this order.'),
    },
    { required: false },
  ),
  max_request_body_size: maxRequestBodySize,
}

export const checks: readonly EntityCheck[] = [
  { at_least_one_of: ['config.prompts.prepend', 'config.prompts.append'] },
]
