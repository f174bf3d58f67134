import type { ClientRequest } from '../../plugin-kit/exchange.ts'
import { previousSecret, previousUse } from '../../plugin-kit/previous-secret.ts'
import { isHash, isOutdatedHash, isSecret } from './client-secret.ts'
import type { Client } from './entities.ts'
import { INVALID_CLIENT, oauthError, type OauthError } from './oauth-error.ts'
import { textOf, type Parameters } from './parameters.ts'

/** Who a client says it is, and how. */
export interface ClientClaim {
  readonly id: string | undefined
  readonly secret: string | undefined
  readonly isFromHeader: boolean
}

/**
 * From the parameters when they have both id and secret, else from the header if there is one,
 * whatever its scheme, else from the id alone.
 */
export function readClientClaim(
  request: ClientRequest,
  parameters: Parameters,
  headerName: string,
): ClientClaim {
  const id = textOf(parameters, 'client_id')
  const secret = parameters.get('client_secret')
  if (id !== undefined && typeof secret === 'string') return { id, secret, isFromHeader: false }
  const header = request.header(headerName.toLowerCase())
  if (header === undefined) return { id, secret: undefined, isFromHeader: false }
  return { ...basicClaim(header), isFromHeader: true }
}

/** A secret may be missing: public clients have none. */
function basicClaim(header: string): Pick<ClientClaim, 'id' | 'secret'> {
  const encoded = /[Bb]asic\s*(\S+)\s*$/.exec(header)?.[1]
  if (encoded === undefined) return { id: undefined, secret: undefined }
  const text = Buffer.from(encoded, 'base64').toString()
  const colon = text.indexOf(':')
  return colon === -1
    ? { id: text, secret: undefined }
    : { id: text.slice(0, colon), secret: text.slice(colon + 1) }
}

/** What a claim is refused with: whoever tried by header may try again by header. */
export function refusalOf({ isFromHeader }: ClientClaim): OauthError {
  return isFromHeader ? { ...INVALID_CLIENT, status: 401 } : INVALID_CLIENT
}

/** What a client has proven that it is the client with: its id, or that of its secret of before. */
export interface Proof {
  readonly used: string
  /** The secret, where the hash of it that is stored is to be made anew. */
  readonly toHash?: string
}

/** How the client proves who it is; public ones have nothing to prove it with. */
export async function proofOf(
  client: Client,
  claim: ClientClaim,
  nowMs: number,
): Promise<Proof | OauthError> {
  const { id, client_secret: secret } = client
  if (client.client_type === 'public')
    return claim.secret === undefined || claim.secret === ''
      ? { used: id }
      : oauthError('invalid_request', 'client_secret is disallowed for public clients')
  const given = claim.secret ?? ''
  if (await isSecret(given, secret, client.hash_secret))
    return client.hash_secret && isOutdatedHash(secret) ? { used: id, toHash: given } : { used: id }
  const previous = previousSecret(client, 'client_secret', nowMs)
  if (previous !== undefined && (await isSecret(given, previous, isHash(previous))))
    return { used: previousUse(id) }
  return refusalOf(claim)
}
