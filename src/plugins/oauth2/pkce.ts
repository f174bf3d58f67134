import { createHash } from 'node:crypto'
import { equalSecrets } from '../../plugin-kit/equal-secrets.ts'
import type { Client } from './entities.ts'
import { oauthError, type OauthError } from './oauth-error.ts'
import { textOf, type Parameters } from './parameters.ts'
import type { Config } from './schema.ts'

/** Whether a client must prove that it is the one that asked for the code. */
export function needsProof(client: Client, { pkce }: Config): boolean {
  if (pkce === 'none') return false
  return client.client_type === 'public' || pkce === 'strict'
}

/** The challenge that a client sends when it asks for a code. @see RFC 7636 §4.3 */
export function readChallenge(
  parameters: Parameters,
  client: Client,
  config: Config,
): { readonly challenge: string | undefined } | OauthError {
  const challenge = textOf(parameters, 'code_challenge')
  const method = parameters.get('code_challenge_method')
  if (challenge === undefined) {
    if (method !== undefined)
      return oauthError('invalid_request', 'code_challenge is required when code_method is present')
    return needsProof(client, config)
      ? oauthError(
          'invalid_request',
          `code_challenge is required for ${client.client_type} clients`,
        )
      : { challenge: undefined }
  }
  if (method !== undefined && method !== 'S256' && method !== 's256')
    return oauthError('invalid_request', 'code_challenge_method is not supported, must be S256')
  return { challenge: normalized(challenge) }
}

/** What is wrong with the proof for a code. @see RFC 7636 §4.5 */
export function proofFault(
  parameters: Parameters,
  challenge: string | undefined,
  isNeeded: boolean,
): OauthError | undefined {
  if (challenge === undefined && !isNeeded) return undefined
  const verifier = parameters.get('code_verifier')
  if (verifier === undefined || verifier === '')
    return oauthError(
      'invalid_request',
      'code_verifier is required for PKCE authorization requests',
    )
  if (typeof verifier !== 'string')
    return oauthError('invalid_request', 'code_verifier is not a string')
  if (verifier.length < 43 || verifier.length > 128)
    return oauthError('invalid_request', 'code_verifier must be between 43 and 128 characters')
  const proven = createHash('sha256').update(verifier).digest('base64url')
  return challenge !== undefined && equalSecrets(proven, challenge)
    ? undefined
    : oauthError('invalid_grant', 'Invalid code')
}

/** Other forms of base64 stand for the same bytes. */
function normalized(challenge: string): string {
  return challenge.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
