import { regex } from '../../plugin-kit/field-types.ts'
import { array } from '../../schema/field.ts'

export const schema = {
  allow: array(regex(), {
    description: 'Regular expressions of user agents that pass, whatever else holds for them.',
    default: [],
  }),
  deny: array(regex(), {
    description: 'Regular expressions of user agents that are refused besides the known bots.',
    default: [],
  }),
}
