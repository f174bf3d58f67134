import * as oauth from 'oauth4webapi'
import { describe, expect, it } from 'vitest'
import { GatewayRefused, GrantRefused, refusing, type Whose } from './provider-errors.ts'

const body = (status: number, cause: oauth.OAuth2Error) =>
  new oauth.ResponseBodyError('as the library has it', {
    cause,
    response: new Response(null, { status }),
  })

const challenge = (status: number, parameters: Record<string, string>) =>
  new oauth.WWWAuthenticateChallengeError('as the library has it', {
    cause: [{ scheme: 'bearer', parameters }],
    response: new Response(null, { status }),
  })

async function told(error: Error, whose: Whose): Promise<unknown> {
  try {
    return await refusing(oauth, whose, async () => {
      throw error
    })
  } catch (thrown) {
    const refused = thrown instanceof GatewayRefused ? 'gateway' : thrown instanceof GrantRefused
    return { refused, message: (thrown as Error).message }
  }
}

describe('refusing', () => {
  it.each([
    [
      'a grant that is refused',
      body(400, { error: 'invalid_grant', error_description: 'it has ended' }),
      'operator',
      { refused: true, message: 'The provider says "invalid_grant: it has ended"' },
    ],
    [
      'a gateway that is not known',
      body(401, { error: 'invalid_client' }),
      'operator',
      { refused: 'gateway', message: 'The provider says "invalid_client"' },
    ],
    [
      'a client that is not known',
      body(401, { error: 'invalid_client' }),
      'user',
      { refused: true, message: 'The provider says "invalid_client"' },
    ],
    [
      'a provider that fails',
      body(503, { error: 'temporarily_unavailable' }),
      'user',
      { refused: false, message: 'The provider says "temporarily_unavailable"' },
    ],
    [
      'a user who would not',
      new oauth.AuthorizationResponseError('as the library has it', {
        cause: new URLSearchParams({ error: 'access_denied', error_description: 'a\nb' }),
      }),
      'operator',
      { refused: true, message: String.raw`The provider says "access_denied: a\nb"` },
    ],
    [
      'a token that is refused',
      challenge(401, { error: 'invalid_token', error_description: 'revoked' }),
      'user',
      { refused: true, message: 'The provider says "invalid_token: revoked"' },
    ],
    [
      'a refusal without words',
      challenge(401, { realm: 'x' }),
      'user',
      { refused: true, message: 'as the library has it' },
    ],
    [
      'what has nothing to do with it',
      new TypeError('fetch failed'),
      'user',
      { refused: false, message: 'fetch failed' },
    ],
  ] as const)('tells of %s', async (_, error, whose, expected) => {
    expect(await told(error, whose)).toEqual(expected)
  })

  it('tells no more than a line can hold', async () => {
    const long = body(400, { error: 'e'.repeat(9000) })
    expect(await told(long, 'user')).toEqual({
      refused: true,
      message: `The provider says "${'e'.repeat(200)}"`,
    })
  })
})
