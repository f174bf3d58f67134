import { url } from '../../plugin-kit/field-types.ts'
import { boolean, integer } from '../../schema/field.ts'

export const schema = {
  status_code: integer({
    description: 'The status code of the redirect.',
    required: true,
    default: 301,
    between: [100, 599],
  }),
  location: url({ description: 'The URL to send clients to.', required: true }),
  keep_incoming_path: boolean({
    description: 'Whether path and query of the request replace those of `location`.',
    default: false,
  }),
}
