import { createHmac } from 'node:crypto'
import {
  ADMIN_OPTIONS,
  ADMIN_USAGE,
  adminAccess,
  askAdmin,
  type AdminAccess,
} from './admin-access.ts'
import { CommandFault, textOption, type Command } from './command.ts'

const DEFAULT_LIFETIME = '5m'
const UNIT_SECONDS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 }
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
                                      as a JSON object.
${ADMIN_USAGE}`,
  options: {
    exp: { takes: 'text' },
    claim: { takes: 'text' },
    ...ADMIN_OPTIONS,
  },

  async run(call) {
    const [consumer] = call.operands
    if (consumer === undefined) throw new CommandFault('the <consumer> argument is required')
    const lifetime = secondsOf(textOption(call, 'exp') ?? DEFAULT_LIFETIME)
    const admin = adminAccess(call)
    const credential = await credentialOf(admin, consumer)
    const keyClaim = await keyClaimOf(admin)
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
    call.output.raw(`${sign(claims, credential)}\n`)
  },
}

interface JwtCredential {
  readonly key: string
  readonly secret: string
  readonly algorithm: string
}

async function credentialOf(admin: AdminAccess, consumer: string): Promise<JwtCredential> {
  const { data } = (await askAdmin(admin, `/consumers/${encodeURIComponent(consumer)}/jwt`)) as {
    readonly data: readonly JwtCredential[]
  }
  const credential = data.find(({ algorithm }) => algorithm in HASHES)
  if (credential !== undefined) return credential
  throw new CommandFault(
    data.length === 0
      ? `consumer "${consumer}" has no jwt credential`
      : `consumer "${consumer}" has only public keys: sign with the private key, which the gateway does not have`,
  )
}

/** The claim that names the credential; where several jwt plugins differ, that of the first. */
async function keyClaimOf(admin: AdminAccess): Promise<string> {
  const { data } = (await askAdmin(admin, '/plugins?size=1000')) as {
    readonly data: readonly {
      readonly name: string
      readonly config: { key_claim_name?: string }
    }[]
  }
  return data.find(({ name }) => name === 'jwt')?.config.key_claim_name ?? 'iss'
}

function secondsOf(text: string): number {
  const match = /^(\d+)([smhd]?)$/.exec(text)
  if (match === null)
    throw new CommandFault(`--exp must be a time such as 90s, 5m, 1h or 7d, not "${text}"`)
  return Number(match[1]) * UNIT_SECONDS[match[2]!]!
}

function claimsOf(text: string | undefined): Readonly<Record<string, unknown>> {
  if (text === undefined) return {}
  const at = text.indexOf('=')
  if (!text.startsWith('{') && at > 0) return { [text.slice(0, at)]: text.slice(at + 1) }
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    throw new CommandFault(`--claim must be name=value or a JSON object, not "${text}"`)
  }
}

function sign(claims: object, { algorithm, secret }: JwtCredential): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const content = `${encode({ typ: 'JWT', alg: algorithm })}.${encode(claims)}`
  const signature = createHmac(HASHES[algorithm]!, secret).update(content).digest('base64url')
  return `${content}.${signature}`
}
