import { integer } from '../../schema/field.ts'

/** The field that all plugins for models have. */
export const maxRequestBodySize = integer({
  description: 'How many bytes of a request body are read at most.',
  default: 8192,
  gt: 0,
})
