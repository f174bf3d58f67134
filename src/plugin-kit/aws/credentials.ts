/** Who signs. */
export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Of credentials that were lent. */
  readonly sessionToken?: string | undefined
  /** Unix time in ms; absent for those that last. */
  readonly expiresAtMs?: number | undefined
}

/** A place where credentials may be. @returns nothing when there are none; @throws when it fails */
export type CredentialSource = () => Promise<AwsCredentials | undefined>

/** Credentials as they are now. @throws when there are none to be had */
export type Credentials = () => Promise<AwsCredentials>

/** Credentials that end so soon are replaced. */
const RENEWED_BEFORE_MS = 5 * 60 * 1000

/** Asks the sources one after the other, and keeps what it was given until shortly before its end. */
export function rememberedCredentials(
  sources: readonly CredentialSource[],
  now: () => number,
): Credentials {
  let current: AwsCredentials | undefined
  let asking: Promise<AwsCredentials> | undefined
  return async () => {
    const ends = current?.expiresAtMs ?? Infinity
    if (current !== undefined && ends - RENEWED_BEFORE_MS > now()) return current
    // Many requests may wait for the same answer.
    asking ??= firstOf(sources).finally(() => (asking = undefined))
    current = await asking
    return current
  }
}

async function firstOf(sources: readonly CredentialSource[]): Promise<AwsCredentials> {
  const faults: string[] = []
  for (const source of sources)
    try {
      const found = await source()
      if (found !== undefined) return found
    } catch (error) {
      faults.push((error as Error).message)
    }
  throw new Error(`Cannot find AWS credentials: ${faults.join('; ') || 'none are configured'}`)
}

/** Credentials as AWS's services hand them out, in JSON or as texts. @throws when they are not whole */
export function lentCredentials(
  given: Readonly<Record<string, unknown>>,
  from: string,
): AwsCredentials {
  const { AccessKeyId: id, SecretAccessKey: secret, Expiration: end } = given
  const token = given['Token'] ?? given['SessionToken']
  const expiresAtMs = typeof end === 'string' ? Date.parse(end) : Number.NaN
  if (typeof id !== 'string' || typeof secret !== 'string')
    throw new Error(`${from} gave no credentials`)
  return {
    accessKeyId: id,
    secretAccessKey: secret,
    sessionToken: typeof token === 'string' ? token : undefined,
    expiresAtMs: Number.isNaN(expiresAtMs) ? undefined : expiresAtMs,
  }
}
