import { decodeArgument } from '../http/query.ts'
import type { Exchange } from './exchange.ts'

/** Arguments that are secrets wherever they are used, as OAuth 2, clouds and this gateway's plugins name them. */
const SECRET_NAMES: ReadonlySet<string> = new Set([
  'access_token',
  'api-key',
  'api_key',
  'apikey',
  'awsaccesskeyid',
  'client_assertion',
  'client_secret',
  'code',
  'code_verifier',
  'id_token',
  'jwt',
  'password',
  'refresh_token',
  'secret',
  'sig',
  'signature',
  'token',
  'x-amz-credential',
  'x-amz-security-token',
  'x-amz-signature',
  'x-goog-credential',
  'x-goog-signature',
])

/** Where plugins that know a client by a token leave it. */
const TOKEN_KEY = 'authenticated_jwt_token'
/** Fields of credentials that clients send as they are. */
const SECRET_FIELDS = ['key', 'access_token'] as const
const MASK = 'REDACTED'

/**
 * A query for the eyes of others: values of arguments that are secrets by their name, and what the
 * client was known by whatever its name, are left out. The others stay as they are.
 *
 * @param rawQuery without `?`
 */
export function maskedQuery(rawQuery: string, exchange: Exchange): string {
  if (rawQuery === '') return ''
  const secrets = secretsOf(exchange)
  return rawQuery
    .split('&')
    .map((part) => {
      const equals = part.indexOf('=')
      if (equals === -1) return part
      const isSecret =
        SECRET_NAMES.has(decodeArgument(part.slice(0, equals)).toLowerCase()) ||
        secrets.includes(decodeArgument(part.slice(equals + 1)))
      return isSecret ? `${part.slice(0, equals)}=${MASK}` : part
    })
    .join('&')
}

function secretsOf({ credential, shared }: Exchange): readonly unknown[] {
  const fields = SECRET_FIELDS.map((name) => credential?.entity?.[name])
  return [...fields, shared.get(TOKEN_KEY)].filter((value) => typeof value === 'string')
}
