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

const made = new WeakMap<Identity, string>()

/** The header lines that tell the upstream who the client is; made once for an identity object. */
export function identityLines(identity: Identity): string {
  const known = made.get(identity)
  if (known !== undefined) return known
  const { consumer, credential, credentialIdentifier } = identity
  const lines =
    line('X-Consumer-ID', consumer?.id) +
    line('X-Consumer-Custom-ID', consumer?.custom_id) +
    line('X-Consumer-Username', consumer?.username) +
    line('X-Credential-Identifier', credentialIdentifier) +
    (credential === undefined && consumer !== undefined ? 'X-Anonymous-Consumer: true\r\n' : '')
  made.set(identity, lines)
  return lines
}

function line(name: string, value: string | null | undefined): string {
  if (value === undefined || value === null) return ''
  return `${name}: ${toHeaderValue(toByteString(value))}\r\n`
}
