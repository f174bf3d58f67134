import { boolean, string } from '../../schema/field.ts'

export const GENERATORS = ['uuid', 'uuid#counter', 'tracker'] as const

export const schema = {
  header_name: string({
    description: 'The name of the header that carries the id.',
    default: 'Kong-Request-ID',
  }),
  generator: string({
    description:
      'How ids are made: a UUID for each request; one UUID for each worker, with a counter; or from addresses, counters and the time.',
    required: true,
    default: 'uuid#counter',
    one_of: GENERATORS,
  }),
  echo_downstream: boolean({
    description: 'Whether the client gets the id as well, in the same header.',
    required: true,
    default: false,
  }),
}
