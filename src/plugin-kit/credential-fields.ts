import { foreign, integer, set, string, type Field } from '../schema/field.ts'

/** Id and time of a credential; they stand first. Credentials have no `updated_at`. */
export const CREDENTIAL_HEAD = {
  id: string({
    description: 'A string representing a UUID (universally unique identifier).',
    auto: true,
    uuid: true,
  }),
  created_at: integer({
    description: 'An integer representing an automatic Unix timestamp in seconds.',
    auto: true,
    timestamp: true,
  }),
  consumer: foreign('consumers', { required: true, on_delete: 'cascade' }),
}

/** When a credential ends, for kinds of which a new one can take the place of an old one. Not Kong's. */
export const RETIRES_AT: Field<number | undefined> = integer({
  description: 'Unix time in seconds from which it is refused; set when another takes its place.',
  gt: 0,
  own: true,
})

/** Labels of an entity, for filtering. */
export const TAGS: Field<readonly string[] | undefined> = set(
  string({
    description: 'A string representing a tag.',
    required: true,
    custom_validator: tagFault,
  }),
  { description: 'A set of strings representing tags.' },
)

/** Letters that would end a tag in a list of tags or in a URL. */
const FORBIDDEN = /[,/]|[\0-\u{1f}\u{7f}]/u

function tagFault(tag: string): string | undefined {
  return FORBIDDEN.test(tag) || !tag.isWellFormed()
    ? `invalid tag '${tag}': expected printable ascii (except \`,\` and \`/\`) or valid utf-8 sequences`
    : undefined
}
