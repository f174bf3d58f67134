/** Why a client does not get what it asks for. @see RFC 6749 §5.2 */
export interface OauthError {
  readonly error: string
  readonly error_description: string
  /** The status of the answer, where it is not 400. */
  readonly status?: 401
}

export function oauthError(error: string, description: string): OauthError {
  return { error, error_description: description }
}

export const INVALID_CLIENT = oauthError('invalid_client', 'Invalid client authentication')
export const INVALID_PROVISION_KEY = oauthError('invalid_provision_key', 'Invalid provision_key')
export const MISSING_USER = oauthError(
  'invalid_authenticated_userid',
  'Missing authenticated_userid parameter',
)
export const HTTPS_WANTED = oauthError('access_denied', 'You must use HTTPS')
export const INVALID_REDIRECT = oauthError(
  'invalid_request',
  'Invalid redirect_uri that does not match with any redirect_uri created with the application',
)
export const INVALID_CODE = oauthError('invalid_request', 'Invalid code')
