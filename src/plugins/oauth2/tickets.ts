import { createHash } from 'node:crypto'
import type { Foreign } from '../../entities/entity.ts'
import { hasExpired } from '../../plugin-kit/has-expired.ts'
import type { EntityLookup, NodeServices } from '../../plugin-kit/plugin.ts'
import { nodeTickets } from '../../plugin-kit/shared-memory.ts'
import { randomText } from '../../plugin-kit/random-text.ts'

/** A token as it is stored. Times are Unix seconds. */
export interface Token extends TokenFields {
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
export interface Code {
  readonly code: string
  readonly serviceId: string | undefined
  readonly credentialId: string
  readonly pluginId: string
  readonly userId: string | undefined
  readonly scope: string | undefined
  readonly challenge: string | undefined
}

export interface Tickets {
  findToken(accessToken: string): Token | undefined
  findByRefreshToken(refreshToken: string): Token | undefined
  addToken(fields: TokenFields, lastsSeconds: number): Token
  removeToken(token: Token): void
  addCode(code: Omit<Code, 'code'>): Code
  findCode(code: string): Code | undefined
  /** @returns whether it was still there: of two that come with it, one is told so */
  useCode(code: string): boolean
}

const CODE_SECONDS = 300
/** As far as the memory counts. */
const FOR_EVER = 2 ** 31 - 1

/**
 * Tokens and codes in the memory of the node, for all its workers, besides those tokens that the
 * configuration brings. What is secret in them is not part of any name in memory.
 */
export function oauth2Tickets(entities: EntityLookup, node: NodeServices): Tickets {
  const memory = nodeTickets(node)
  const now = (): number => Math.floor(node.now() / 1000)

  function read(kind: string, secret: string): unknown {
    const bytes = memory.get(nameOf(kind, secret), now())
    return bytes && JSON.parse(Buffer.from(bytes).toString())
  }

  function write(kind: string, secret: string, value: unknown, until: number): void {
    if (!memory.set(nameOf(kind, secret), Buffer.from(JSON.stringify(value)), until))
      throw new Error('Cannot keep a token: it is too long')
  }

  function configured(field: string, value: string): Token | undefined {
    const row = entities.by('oauth2_tokens', field, value)
    return row === undefined || hasExpired(row, node.now()) ? undefined : (row as unknown as Token)
  }

  return {
    findToken: (accessToken) =>
      (read('token', accessToken) as Token | undefined) ?? configured('access_token', accessToken),
    findByRefreshToken(refreshToken) {
      const accessToken = read('refresh', refreshToken) as string | undefined
      const token = accessToken === undefined ? undefined : (read('token', accessToken) as Token)
      return token ?? configured('refresh_token', refreshToken)
    },
    addToken(given, lastsSeconds) {
      const token: Token = { ...given, created_at: now(), access_token: randomText() }
      const until = lastsSeconds === 0 ? FOR_EVER : now() + lastsSeconds
      write('token', token.access_token, token, until)
      if (token.refresh_token !== null)
        write('refresh', token.refresh_token, token.access_token, until)
      return token
    },
    removeToken({ access_token: accessToken, refresh_token: refreshToken }) {
      memory.delete(nameOf('token', accessToken))
      if (refreshToken !== null) memory.delete(nameOf('refresh', refreshToken))
    },
    addCode(given) {
      const code: Code = { ...given, code: randomText() }
      write('code', code.code, code, now() + CODE_SECONDS)
      return code
    },
    findCode: (code) => read('code', code) as Code | undefined,
    useCode: (code) => memory.delete(nameOf('code', code)),
  }
}

function nameOf(kind: string, secret: string): string {
  return `oauth2 ${kind} ${createHash('sha256').update(secret).digest('base64url')}`
}
