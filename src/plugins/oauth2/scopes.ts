import { oauthError, type OauthError } from './oauth-error.ts'
import type { Config } from './schema.ts'

/**
 * The scope that a client gets for the one it asks for. Where no scopes are configured what it asks
 * for is not looked at, unless it must ask for one.
 */
export function grantedScope(
  asked: unknown,
  { scopes, mandatory_scope: isMandatory }: Config,
): { readonly scope: string | undefined } | OauthError {
  const isAsked = asked !== undefined && asked !== ''
  if (!isAsked)
    return isMandatory
      ? oauthError('invalid_scope', 'You must specify a scope')
      : { scope: undefined }
  if (scopes === undefined || scopes.length === 0)
    return isMandatory
      ? oauthError('invalid_scope', 'You must specify a scope')
      : { scope: undefined }
  if (typeof asked !== 'string') return oauthError('invalid_scope', 'scope must be a string')
  const names = asked.split(/\s+/).filter(Boolean)
  const unknown = names.find((name) => !scopes.includes(name))
  if (unknown !== undefined) return oauthError('invalid_scope', `"${unknown}" is an invalid scope`)
  return { scope: names.join(' ') }
}
