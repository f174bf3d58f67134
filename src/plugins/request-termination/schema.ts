import { headerName } from '../../plugin-kit/field-types.ts'
import { boolean, integer, string, type RecordOf } from '../../schema/field.ts'

export const schema = {
  status_code: integer({
    description: 'The status code of the answer.',
    required: true,
    default: 503,
    between: [100, 599],
  }),
  message: string({
    description:
      'The message of the answer. If absent, the status has a text of its own, or the body is empty.',
  }),
  content_type: string({ description: 'The content type of `body`.' }),
  body: string({
    description: 'The raw body of the answer. It cannot be used together with `message`.',
  }),
  echo: boolean({
    description:
      'When set, the answer shows the request as the gateway saw it, with its route and service.',
    required: true,
    default: false,
  }),
  trigger: headerName({
    description:
      'Only requests with a header or a query argument of this name are answered. All are when it is absent.',
  }),
}

/** Which fields go together. */
export function configFault(config: RecordOf<typeof schema>): string | undefined {
  const { message, content_type: type, body, echo } = config
  if (isGiven(message) && (isGiven(type) || isGiven(body)))
    return 'message cannot be used with content_type or body'
  if (isGiven(type) && !isGiven(body)) return 'content_type requires a body'
  if (echo && (isGiven(type) || isGiven(body)))
    return 'echo cannot be used with content_type and body'
  return undefined
}

function isGiven(text: string | undefined): boolean {
  return typeof text === 'string' && text !== ''
}
