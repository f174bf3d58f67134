import { toByteString, toHeaderValue } from '../base/buffer-slices.ts'
import { RequestField } from '../http/request-head.ts'
import type { Identity } from '../plugin-kit/exchange.ts'

/** Fields of a client that never get through once somebody was authenticated. */
export const IDENTITY_FIELDS =
  (1 << RequestField.consumerId) |
  (1 << RequestField.consumerUsername) |
  (1 << RequestField.consumerCustomId) |
  (1 << RequestField.credentialIdentifier) |
  (1 << RequestField.anonymousConsumer)

/** The same in words, in lower case. */
export const IDENTITY_NAMES: ReadonlySet<string> = new Set([
  'x-consumer-id',
  'x-consumer-custom-id',
  'x-consumer-username',
  'x-credential-identifier',
  'x-anonymous-consumer',
])

interface Made {
  readonly consumer: Identity['consumer']
  readonly credentialIdentifier: Identity['credentialIdentifier']
  readonly lines: string
}

/** By credential, or by identity where it has no entity: every token brings an identity of its own. */
const made = new WeakMap<object, Made>()

/** The header lines that tell the upstream who the client is; made once for a credential. */
export function identityLines(identity: Identity): string {
  const { consumer, credential, credentialIdentifier } = identity
  const home = credential?.entity ?? identity
  const known = made.get(home)
  if (
    known !== undefined &&
    known.consumer === consumer &&
    known.credentialIdentifier === credentialIdentifier
  )
    return known.lines
  const lines =
    line('X-Consumer-ID', consumer?.id) +
    line('X-Consumer-Custom-ID', consumer?.custom_id) +
    line('X-Consumer-Username', consumer?.username) +
    line('X-Credential-Identifier', credentialIdentifier) +
    (credential === undefined && consumer !== undefined ? 'X-Anonymous-Consumer: true\r\n' : '')
  made.set(home, { consumer, credentialIdentifier, lines })
  return lines
}

function line(name: string, value: string | null | undefined): string {
  if (value === undefined || value === null) return ''
  return `${name}: ${toHeaderValue(toByteString(value))}\r\n`
}
