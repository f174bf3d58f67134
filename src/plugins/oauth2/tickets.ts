import type { Entity, Foreign } from '../../entities/entity.ts'
import { hasExpired } from '../../plugin-kit/has-expired.ts'
import { issuedRows } from '../../plugin-kit/issued-rows.ts'
import type { EntityLookup, NodeServices } from '../../plugin-kit/plugin.ts'
import { randomText } from '../../plugin-kit/random-text.ts'
import { oauth2AuthorizationCodes, oauth2Tokens } from './entities.ts'

/** A token as it is stored. Times are Unix seconds. */
export interface Token extends Entity, TokenFields {
  readonly created_at: number
  readonly access_token: string
}

/** What is decided about a token when it is made. */
export interface TokenFields {
  readonly service: Foreign | null
  readonly credential: Foreign
  readonly expires_in: number
  readonly refresh_token: string | null
  readonly authenticated_userid: string | null
  readonly scope: string | null
}

/** A code that is exchanged for a token, once. */
export interface Code extends Entity, CodeFields {
  readonly code: string
}

/** What is decided about a code when it is made. */
export interface CodeFields {
  readonly service: Foreign | null
  readonly credential: Foreign
  readonly plugin: Foreign
  readonly authenticated_userid: string | null
  readonly scope: string | null
  readonly challenge: string | null
}

export interface Tickets {
  /** A promise only where the token is not remembered on this node. */
  findToken(accessToken: string): Token | undefined | Promise<Token | undefined>
  findByRefreshToken(refreshToken: string): Promise<Token | undefined>
  /** @param lastsSeconds 0: for ever */
  addToken(fields: TokenFields, lastsSeconds: number): Promise<Token>
  /** Gives a token a new text and a new time. @returns nothing when it is gone */
  renewToken(token: Token, lastsSeconds: number): Promise<Token | undefined>
  /** @returns whether it was still there: of two that come with it, one is told so */
  removeToken(token: Token): Promise<boolean>
  addCode(fields: CodeFields): Promise<Code>
  findCode(code: string): Promise<Code | undefined>
  /** @returns as for tokens */
  useCode(code: Code): Promise<boolean>
}

const CODE_SECONDS = 300

/** Tokens and codes that were given out, besides those tokens that the configuration brings. */
export function oauth2Tickets(entities: EntityLookup, node: NodeServices): Tickets {
  const issued = issuedRows(node)

  function configured(field: string, value: string): Token | undefined {
    const row = entities.by(oauth2Tokens.name, field, value)
    return row === undefined || hasExpired(row, node.now()) ? undefined : (row as Token)
  }

  function find(field: string, value: string): Token | undefined | Promise<Token | undefined> {
    const row = configured(field, value) ?? issued.find(oauth2Tokens, field, value)
    return row as Token | undefined | Promise<Token | undefined>
  }

  /** Nobody can take back what a configuration brings. */
  const isConfigured = ({ access_token: text }: Token): boolean =>
    configured('access_token', text) !== undefined

  return {
    findToken: (accessToken) => find('access_token', accessToken),
    findByRefreshToken: async (refreshToken) => find('refresh_token', refreshToken),
    async addToken(given, lastsSeconds) {
      const fields = { ...given, token_type: 'bearer', access_token: randomText() }
      return (await issued.add(oauth2Tokens, fields, lastsSeconds)) as Token
    },
    async renewToken(token, lastsSeconds) {
      const fields = { access_token: randomText(), created_at: Math.floor(node.now() / 1000) }
      const isThere = await issued.change(oauth2Tokens, token, { fields, lastsSeconds })
      return isThere ? { ...token, ...fields } : undefined
    },
    removeToken: async (token) => isConfigured(token) || issued.remove(oauth2Tokens, token),
    async addCode(given) {
      const fields = {
        ...given,
        code: randomText(),
        challenge_method: given.challenge === null ? null : 'S256',
      }
      return (await issued.add(oauth2AuthorizationCodes, fields, CODE_SECONDS)) as Code
    },
    findCode: async (code) =>
      (await issued.find(oauth2AuthorizationCodes, 'code', code)) as Code | undefined,
    useCode: (code) => issued.remove(oauth2AuthorizationCodes, code),
  }
}
