import { askingFields, instructionFields } from '../../plugin-kit/llm/transformer-fields.ts'

export const schema = { ...instructionFields, ...askingFields }
