import { createHmac } from 'node:crypto'
import {
  ADMIN_OPTIONS,
  ADMIN_USAGE,
  adminAccess,
  askAdmin,
  type AdminAccess,
} from './admin-access.ts'
import { isJsonObject, type JsonObject } from '../base/json.ts'
import { CommandFault, textOption, type Command } from './command.ts'
import { spanSeconds } from './time-spans.ts'

const DEFAULT_LIFETIME = '5m'
const HASHES: Readonly<Record<string, string>> = {
  HS256: 'sha256',
  HS384: 'sha384',
  HS512: 'sha512',
}

export const token: Command = {
  usage: `Usage: portunus token <consumer> [OPTIONS]

Sign a token for a consumer of the running gateway, to try things with: the
token on standard output, all else on standard error.

Options:
 --exp            (default 5m)        How long it is valid: 90s, 5m, 1h, 7d.
 --claim          (optional string)   A claim to add: role=admin, or several
                                      as a JSON object; may be repeated.
 --key            (optional string)   Sign with the credential that has this
                                      key, instead of the newest.
${ADMIN_USAGE}`,
  options: {
    exp: { takes: 'text' },
    claim: { takes: 'lines' },
    key: { takes: 'text' },
    ...ADMIN_OPTIONS,
  },

  async run(call) {
    const [consumer] = call.operands
    if (consumer === undefined) throw new CommandFault('the <consumer> argument is required')
    const lifetime = spanSeconds(textOption(call, 'exp') ?? DEFAULT_LIFETIME, 'exp')
    const admin = adminAccess(call)
    const credential = await credentialOf(admin, consumer, textOption(call, 'key'))
    const { keyClaim, isBase64 } = await rulesOf(admin)
    const nowSeconds = Math.floor(Date.now() / 1000)
    const claims = {
      [keyClaim]: credential.key,
      iat: nowSeconds,
      exp: nowSeconds + lifetime,
      ...claimsOf(textOption(call, 'claim')),
    }
    if (call.output.isInteractive)
      call.output.note(
        `${credential.algorithm}, ${keyClaim} "${credential.key}", valid for ${lifetime} s`,
      )
    call.output.raw(`${sign(claims, credential, isBase64)}\n`)
  },
}

interface JwtCredential {
  readonly key: string
  readonly secret: string
  readonly algorithm: string
  readonly created_at: number
  /** Unix time in seconds. */
  readonly retires_at?: number
}

async function credentialOf(
  admin: AdminAccess,
  consumer: string,
  key: string | undefined,
): Promise<JwtCredential> {
  const { data } = (await askAdmin(admin, `/consumers/${encodeURIComponent(consumer)}/jwt`)) as {
    readonly data: readonly JwtCredential[]
  }
  const now = Date.now() / 1000
  const [newest] = data
    .filter((credential) => credential.algorithm in HASHES)
    .filter((credential) => key === undefined || credential.key === key)
    .filter(({ retires_at: end = Infinity }) => key !== undefined || now < end)
    .sort((one, other) => other.created_at - one.created_at || (one.retires_at ? 1 : -1))
  if (newest !== undefined) return newest
  if (data.length === 0) throw new CommandFault(`consumer "${consumer}" has no jwt credential`)
  throw new CommandFault(
    key === undefined
      ? `consumer "${consumer}" has only public keys: sign with the private key, which the gateway does not have`
      : `consumer "${consumer}" has no credential "${key}" with a secret`,
  )
}

/** How tokens are read; where several jwt plugins differ, by the first. */
async function rulesOf(admin: AdminAccess) {
  const { data } = (await askAdmin(admin, '/plugins?size=1000')) as {
    readonly data: readonly {
      readonly name: string
      readonly config: { readonly key_claim_name?: string; readonly secret_is_base64?: boolean }
    }[]
  }
  const config = data.find(({ name }) => name === 'jwt')?.config
  return {
    keyClaim: config?.key_claim_name ?? 'iss',
    isBase64: config?.secret_is_base64 === true,
  }
}

/** @param text a claim or a JSON object in each line */
function claimsOf(text: string | undefined): JsonObject {
  const claims: JsonObject = {}
  for (const part of text?.split('\n') ?? []) {
    const at = part.indexOf('=')
    const isPair = !part.startsWith('{') && at > 0
    Object.assign(claims, isPair ? { [part.slice(0, at)]: part.slice(at + 1) } : objectOf(part))
  }
  return claims
}

function objectOf(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text)
    if (isJsonObject(value)) return value
  } catch {
    // Said below, as for JSON that is no object.
  }
  throw new CommandFault(`--claim must be name=value or a JSON object, not "${text}"`)
}

function sign(claims: object, { algorithm, secret }: JwtCredential, isBase64: boolean): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const content = `${encode({ typ: 'JWT', alg: algorithm })}.${encode(claims)}`
  const key = Buffer.from(secret, isBase64 ? 'base64url' : 'utf8')
  const signature = createHmac(HASHES[algorithm]!, key).update(content).digest('base64url')
  return `${content}.${signature}`
}
