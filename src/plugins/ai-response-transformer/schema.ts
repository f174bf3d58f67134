import { askingFields, instructionFields } from '../../plugin-kit/llm/transformer-fields.ts'
import { boolean } from '../../schema/field.ts'

export const schema = {
  ...instructionFields,
  parse_llm_response_json_instructions: boolean({
    description: 'Whether the model says status and headers too: it answers with JSON then.',
    required: true,
    default: false,
  }),
  ...askingFields,
}
