import { pending, type Pending } from './pending.ts'
import { makeSigningKey, type SigningKey } from './signing-key.ts'
import type { Login } from './tokens.ts'

/** What one issuer knows; it is gone with the process. */
export interface IssuerState {
  /** Its URL, which is `iss` of what it signs. */
  readonly name: string
  readonly keys: SigningKeys
  /** Codes that clients are to bring back. */
  readonly codes: Pending<Granted>
  /** Logins by their refresh tokens. */
  readonly refreshes: Pending<Login>
  /** Unix time in s. */
  readonly seconds: () => number
}

/** Whom a code stands for, and who may turn it into tokens. */
export interface Granted {
  readonly login: Login
  readonly redirectUri: string
  readonly challenge: string | undefined
}

export interface SigningKeys {
  readonly current: SigningKey
  /** The one before among them: what it signed is good until it has run out. */
  readonly published: readonly SigningKey[]
  rotate(): void
}

const CODE_LIFETIME_MS = 60_000
const REFRESH_LIFETIME_MS = 24 * 3600_000

/** @param now Unix time in ms */
export function issuerState(name: string, now: () => number): IssuerState {
  return {
    name,
    keys: signingKeys(),
    codes: pending(CODE_LIFETIME_MS, now),
    refreshes: pending(REFRESH_LIFETIME_MS, now),
    seconds: () => Math.floor(now() / 1000),
  }
}

function signingKeys(): SigningKeys {
  let published: readonly [SigningKey, ...SigningKey[]] = [makeSigningKey()]
  return {
    get current() {
      return published[0]
    },
    get published() {
      return published
    },
    rotate: () => void (published = [makeSigningKey(), published[0]]),
  }
}
