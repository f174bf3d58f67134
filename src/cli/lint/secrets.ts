import { createPublicKey } from 'node:crypto'
import type { Entity } from '../../entities/entity.ts'
import type { LintedConfig, Rule, Warning } from './rule.ts'

/** Secrets that are in every list of guesses: examples of documentation, tools and tutorials. */
const WELL_KNOWN = new Set(
  `secret password passwd changeme change-me admin administrator test testing kong portunus example
  default qwerty letmein 123456 12345678 123456789 1234567890 foobar foo bar key apikey api-key api_key
  my-key mykey my-secret mysecret my_secret supersecret super-secret secretkey secret-key secret_key
  mysecretkey my-secret-key jwt-secret jwtsecret jwt_secret your-secret your-secret-key
  your-256-bit-secret your-384-bit-secret your-512-bit-secret a-string-secret-at-least-256-bits-long
  a-valid-string-secret-that-is-at-least-384-bits-long
  a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long`.split(/\s+/),
)

/** Where secrets are that requests prove something with, and what to call them. */
const SECRETS: readonly {
  readonly kind: string
  readonly field: string
  readonly nameOf: (row: Entity) => string
}[] = [
  {
    kind: 'jwt_secrets',
    field: 'secret',
    nameOf: ({ key }) => `the secret of jwt key "${String(key)}"`,
  },
  { kind: 'keyauth_credentials', field: 'key', nameOf: () => 'a key of key-auth' },
  {
    kind: 'hmacauth_credentials',
    field: 'secret',
    nameOf: ({ username }) => `the hmac-auth secret of "${String(username)}"`,
  },
  {
    kind: 'oauth2_credentials',
    field: 'client_secret',
    nameOf: ({ client_id: id }) => `the secret of oauth2 client "${String(id)}"`,
  },
]

export const wellKnownSecret: Rule = {
  code: 'well-known-secret',
  find: (config) =>
    secretsOf(config)
      .filter(({ secret }) => isWellKnown(secret) || isReference(secret))
      .map(({ kind, id, name, secret }) =>
        isReference(secret)
          ? {
              kind,
              id,
              message: `${name} is a reference, which counts as a text here`,
              fix: WRITE_OUT,
            }
          : { kind, id, message: `${name} is one that everybody tries first`, fix: NEW_SECRET },
      ),
}

const WRITE_OUT = 'write the secret itself: references are for plugins, certificates and keys'
const NEW_SECRET = 'make a new one: openssl rand -base64 48'

/** Bytes of the hash; a shorter secret is easier to guess than the hash is to forge. RFC 7518 3.2 */
const LEAST_BYTES: Readonly<Record<string, number>> = { HS256: 32, HS384: 48, HS512: 64 }
const LEAST_KEY_BYTES = 16
const LEAST_RSA_BITS = 2048

export const weakSecret: Rule = {
  code: 'weak-secret',
  find: (config) => [
    ...secretsOf(config).flatMap(shortSecret),
    ...(config.entities['jwt_secrets'] ?? []).flatMap(shortRsaKey),
  ],
}

function shortSecret({ kind, id, row, name, secret }: Secret): readonly Warning[] {
  const least = kind === 'jwt_secrets' ? LEAST_BYTES[String(row['algorithm'])] : LEAST_KEY_BYTES
  if (
    least === undefined ||
    Buffer.byteLength(secret) >= least ||
    isWellKnown(secret) ||
    isReference(secret)
  )
    return []
  const how = kind === 'jwt_secrets' ? 'it can be guessed from a token' : 'it can be guessed'
  return [{ kind, id, message: `${name} is shorter than ${least} bytes: ${how}`, fix: NEW_SECRET }]
}

function shortRsaKey({ id, key, rsa_public_key: pem, algorithm }: Entity): readonly Warning[] {
  if (typeof pem !== 'string' || !/^[RP]S/.test(String(algorithm))) return []
  const bits = rsaBits(pem)
  if (bits === undefined || bits >= LEAST_RSA_BITS) return []
  return [
    {
      kind: 'jwt_secrets',
      id,
      message: `the key of jwt key "${String(key)}" has ${bits} bits: tokens can be forged`,
      fix: `make a pair of ${LEAST_RSA_BITS} bits or more: openssl genrsa 3072`,
    },
  ]
}

function rsaBits(pem: string): number | undefined {
  try {
    return createPublicKey(pem).asymmetricKeyDetails?.modulusLength
  } catch {
    // A reference to a secret, or a key of another kind.
    return undefined
  }
}

interface Secret {
  readonly kind: string
  readonly id: string
  readonly row: Entity
  readonly name: string
  readonly secret: string
}

function secretsOf({ entities }: LintedConfig): readonly Secret[] {
  return SECRETS.flatMap(({ kind, field, nameOf }) =>
    (entities[kind] ?? []).flatMap((row): readonly Secret[] => {
      const secret = row[field]
      return typeof secret === 'string' && !isUnused(row)
        ? [{ kind, id: row.id, row, name: nameOf(row), secret }]
        : []
    }),
  )
}

/** Credentials with a public key have a secret that nothing asks for; hashed ones show none. */
function isUnused({ algorithm, hash_secret: isHashed }: Entity): boolean {
  return isHashed === true || (typeof algorithm === 'string' && !algorithm.startsWith('HS'))
}

/** Kong resolves none in credentials, so whoever reads the file knows the secret. */
function isReference(secret: string): boolean {
  return secret.startsWith('{vault://')
}

function isWellKnown(secret: string): boolean {
  return WELL_KNOWN.has(secret.toLowerCase())
}
