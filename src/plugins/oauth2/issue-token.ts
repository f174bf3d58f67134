import { randomText } from '../../plugin-kit/random-text.ts'
import type { Client } from './entities.ts'
import type { Config } from './schema.ts'
import type { Tickets } from './tickets.ts'

export interface TokenRequest {
  readonly client: Client
  readonly serviceId: string | undefined
  readonly userId: string | undefined
  readonly scope: string | undefined
  /** Whether the token can be renewed. */
  readonly isRenewable: boolean
  /** The refresh token that stays the same. */
  readonly refreshToken?: string
}

/** Makes a token. @returns what the client is told about it */
export function issueToken(
  request: TokenRequest,
  config: Config,
  tickets: Tickets,
): Readonly<Record<string, string | number>> {
  const { client, serviceId, userId = null, scope = null } = request
  const expiresIn = config.token_expiration
  const refreshToken =
    request.isRenewable && expiresIn > 0 ? (request.refreshToken ?? randomText()) : null
  const token = tickets.addToken(
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
  return {
    access_token: token.access_token,
    token_type: 'bearer',
    ...(expiresIn > 0 && { expires_in: expiresIn }),
    ...(refreshToken !== null && { refresh_token: refreshToken }),
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
