import { randomText } from '../../plugin-kit/random-text.ts'
import type { Client } from './entities.ts'
import type { Config } from './schema.ts'
import type { Tickets, Token } from './tickets.ts'

export interface TokenRequest {
  readonly client: Client
  readonly serviceId: string | undefined
  readonly userId: string | null
  readonly scope: string | null
  /** Whether the token can be renewed. */
  readonly isRenewable: boolean
}

/** What a client is told about its token. */
export type Told = Readonly<Record<string, string | number>>

export async function issueToken(
  request: TokenRequest,
  config: Config,
  tickets: Tickets,
): Promise<Told> {
  const { client, serviceId, userId, scope } = request
  const expiresIn = config.token_expiration
  const refreshToken = request.isRenewable && expiresIn > 0 ? randomText() : null
  const token = await tickets.addToken(
    {
      service: config.global_credentials || serviceId === undefined ? null : { id: serviceId },
      credential: { id: client.id },
      expires_in: expiresIn,
      refresh_token: refreshToken,
      authenticated_userid: userId,
      scope,
    },
    lifetime(config, refreshToken !== null),
  )
  return toldOf(token)
}

/** A new text for a token whose refresh token stays the same. @returns nothing when it is gone */
export async function renewToken(
  token: Token,
  config: Config,
  tickets: Tickets,
): Promise<Told | undefined> {
  const renewed = await tickets.renewToken(token, lifetime(config, true))
  return renewed && toldOf(renewed)
}

function toldOf(token: Token): Told {
  const { access_token: accessToken, expires_in: expiresIn, refresh_token: refreshToken } = token
  return {
    access_token: accessToken,
    token_type: 'bearer',
    ...(expiresIn > 0 && { expires_in: expiresIn }),
    ...(typeof refreshToken === 'string' && { refresh_token: refreshToken }),
  }
}

/** How long a token is kept: as long as it can be renewed, if it can. */
function lifetime(
  { token_expiration: expiresIn, refresh_token_ttl: ttl }: Config,
  isRenewable: boolean,
): number {
  if (expiresIn === 0) return 0
  return isRenewable ? ttl : expiresIn
}
