import { boolean, number, string } from '../../schema/field.ts'

const DEMANDS = ['off', 'optional', 'strict'] as const

/** Fields that say whether tokens must be bound to who brings them. */
export const possessionFields = {
  proof_of_possession_dpop: string({
    description:
      'Whether tokens must be bound to a key of the client that each request proves (DPoP, RFC 9449): `optional` checks those that are, `strict` refuses others.',
    one_of: DEMANDS,
    required: true,
    default: 'off',
  }),
  proof_of_possession_mtls: string({
    description:
      'Whether tokens must be bound to the certificate of the client (RFC 8705), which the property `nginx_proxy_ssl_verify_client` has it asked for: `optional` checks those that are, `strict` refuses others.',
    one_of: DEMANDS,
    required: true,
    default: 'off',
  }),
  dpop_proof_lifetime: number({
    description: 'How old, in seconds, the proof of a request may be.',
    required: true,
    default: 300,
    between: [0, 31_536_000],
  }),
  dpop_use_nonce: boolean({
    description:
      'Whether proofs must have a text that the gateway gives out and that changes with time, so that none can be made long before it is used (RFC 9449 §9).',
    required: true,
    default: false,
  }),
} as const
