import type * as OAuth from 'oauth4webapi'

/** The provider refuses: the fault is whoever sent the credentials'. */
export class GrantRefused extends Error {
  /** @param cause what the provider says; its message is for the log */
  constructor(cause: Error) {
    super(cause.message, { cause })
    this.name = 'GrantRefused'
  }
}

/** The provider refuses the gateway itself: it can be asked, and the fault is the operator's. */
export class GatewayRefused extends Error {
  /** @param cause what the provider says; its message is for the log */
  constructor(cause: Error) {
    super(cause.message, { cause })
    this.name = 'GatewayRefused'
  }
}

/** Whose credentials a provider refuses that does not know a client: a user's, or an operator's. */
export type Whose = 'user' | 'operator'

/**
 * Tells a provider that refuses from one that fails, or that was never told of the gateway.
 * What the provider itself says of it stands in the message.
 */
export async function refusing<Value>(
  oauth: typeof OAuth,
  whose: Whose,
  ask: () => Promise<Value>,
): Promise<Value> {
  try {
    return await ask()
  } catch (error) {
    const told = withItsWords(oauth, error)
    if (isRefusal(oauth, whose, error)) throw new GrantRefused(told as Error)
    // What is refused to a user and is nobody's grant here is refused to the gateway.
    if (isRefusal(oauth, 'user', error)) throw new GatewayRefused(told as Error)
    throw told
  }
}

function isRefusal(oauth: typeof OAuth, whose: Whose, error: unknown): boolean {
  if (error instanceof oauth.AuthorizationResponseError) return true
  if (error instanceof oauth.ResponseBodyError)
    return error.status < 500 && (whose === 'user' || error.error !== 'invalid_client')
  if (error instanceof oauth.WWWAuthenticateChallengeError)
    return error.status < 500 && whose === 'user'
  if (!(error instanceof oauth.OperationProcessingError)) return false
  const { code, cause } = error
  if (code === oauth.RESPONSE_IS_NOT_CONFORM)
    return cause instanceof Response && [401, 403].includes(cause.status) && whose === 'user'
  return [
    oauth.JWT_CLAIM_COMPARISON,
    oauth.JWT_TIMESTAMP_CHECK,
    oauth.JSON_ATTRIBUTE_COMPARISON,
    oauth.INVALID_RESPONSE,
  ].includes(code ?? '')
}

/** Of what others say so much is told. */
const MAX_WORDS = 200

/** The same error; where the provider has said what it has against the request, one that says so. */
function withItsWords(oauth: typeof OAuth, error: unknown): unknown {
  const said = wordsOf(oauth, error)
  if (said === undefined) return error
  const { error: code, error_description: description } = said
  const words = [code, description].filter((each) => each !== undefined && each !== '')
  return new Error(`The provider says ${JSON.stringify(words.join(': ').slice(0, MAX_WORDS))}`)
}

interface Said {
  readonly error?: string | undefined
  readonly error_description?: string | undefined
}

/** @see RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3 */
function wordsOf(oauth: typeof OAuth, error: unknown): Said | undefined {
  if (error instanceof oauth.ResponseBodyError) return error
  if (error instanceof oauth.AuthorizationResponseError) return error
  if (!(error instanceof oauth.WWWAuthenticateChallengeError)) return undefined
  const challenge = error.cause.find(({ parameters }) => parameters.error !== undefined)
  return challenge?.parameters
}
