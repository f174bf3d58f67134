import { headerName } from '../../plugin-kit/field-types.ts'
import { array, string, type Field } from '../../schema/field.ts'
import type { Config } from './schema.ts'

/** What is configured as two lists: names, and their values. */
export const PAIRS = [
  'authorization_query_args',
  'discovery_headers',
  'introspection_headers',
  'introspection_post_args',
  'token_headers',
  'token_post_args',
  'userinfo_headers',
  'userinfo_query_args',
] as const

export type PairName = (typeof PAIRS)[number]

const MEANINGS: Readonly<Record<PairName, string>> = {
  authorization_query_args: 'Further arguments of the URL where users log in.',
  discovery_headers: 'Further headers of requests for the metadata of the provider.',
  introspection_headers: 'Further headers of requests that look a token up.',
  introspection_post_args: 'Further arguments of requests that look a token up.',
  token_headers: 'Further headers of requests for tokens.',
  userinfo_headers: 'Further headers of requests for claims about the user.',
  userinfo_query_args: 'Further arguments of the URL where claims about the user are.',
  token_post_args: 'Further arguments of requests for tokens, such as `audience` or `resource`.',
}

export const pairFields = Object.fromEntries(
  PAIRS.flatMap((name) => [
    [
      `${name}_names`,
      array(name.endsWith('_headers') ? headerName() : string(), { description: MEANINGS[name] }),
    ],
    [`${name}_values`, array(string({ referenceable: true }), { description: 'Their values.' })],
  ]),
) as { readonly [Key in `${PairName}_${'names' | 'values'}`]: Field<readonly string[] | undefined> }

/** Values by name. */
export function pairsOf(config: Config, name: PairName): Readonly<Record<string, string>> {
  const names = config[`${name}_names`] ?? []
  return Object.fromEntries(names.map((each, at) => [each, config[`${name}_values`]?.[at] ?? '']))
}
