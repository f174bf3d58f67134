import { readFileSync } from 'node:fs'
import path from 'node:path'
import {
  ADMIN_OPTIONS,
  ADMIN_USAGE,
  adminAccess,
  askAdmin,
  type AdminAccess,
} from './admin-access.ts'
import { CommandFault, textOption, type Call, type Command } from './command.ts'
import { columns } from './columns.ts'
import { spanSeconds, spanText } from './time-spans.ts'

export const keys: Command = {
  usage: `Usage: portunus keys COMMAND [OPTIONS]

See to what the consumers of the running gateway prove themselves with.

The available commands are:
 list [<consumer>]     Credentials with age, algorithm, last use and end.
 rotate <consumer>     Make a new one in the place of an old one, which goes on
                       until the overlap is over; where two cannot be, as two
                       passwords of a name, both are taken until then. Instead
                       of a consumer that has several, name the key, name or id
                       of a credential. What is new is printed once.
 retire <credential>   End one now, by its key, name or id.

Options:
 --overlap        (default 7d)        For how long the old one goes on: 1h, 7d;
                                      0: it ends at once.
 --key            (optional string)   Key of the new one, instead of a random
                                      one.
 --public-key     (optional string)   File with the public key of the new one,
                                      where tokens are signed with a private key.
 --previous                           retire: only the secret of before, of a
                                      credential that has two.
 --all                                retire: both of them.
 --json                               Print what the Admin API answers.
${ADMIN_USAGE}`,
  options: {
    overlap: { takes: 'text' },
    key: { takes: 'text' },
    'public-key': { takes: 'text' },
    previous: {},
    all: {},
    json: {},
    ...ADMIN_OPTIONS,
  },
  subcommands: ['list', 'rotate', 'retire'],

  async run(call) {
    const [named, surplus] = call.operands
    if (surplus !== undefined) throw new CommandFault(`what is "${surplus}"?`)
    if (call.subcommand === 'list') return list(call, named)
    if (named === undefined)
      throw new CommandFault(`${call.subcommand} needs to know which: see "portunus keys list"`)
    return call.subcommand === 'rotate' ? rotate(call, named) : retire(call, named)
  },
}

/** A credential as `GET /credentials` shows it. */
interface Credential {
  readonly kind: string
  readonly id: string
  readonly name: string
  readonly consumer: { readonly id: string; readonly name: string | null } | null
  readonly algorithm: string | null
  readonly created_at: number | null
  readonly last_used_at: number | null
  readonly retires_at: number | null
  readonly is_retired: boolean
  readonly can_rotate: boolean
  /** The secret of before, while it is taken beside the present one. */
  readonly previous?: { readonly last_used_at: number | null; readonly retires_at: number } | null
}

interface Page {
  readonly data: readonly Credential[]
  readonly uses_since: number | null
  readonly next: string | null
}

async function list(call: Call, consumer: string | undefined): Promise<void> {
  const { credentials, usesSince } = await allOf(adminAccess(call), consumer)
  if (call.options['json']) {
    call.output.raw(`${JSON.stringify(credentials, undefined, 2)}\n`)
    return
  }
  if (credentials.length === 0) {
    call.output.note('there are no credentials')
    return
  }
  const now = Date.now() / 1000
  const rows = credentials.flatMap((credential) => {
    const { name, previous } = credential
    const row = rowOf(credential, now)
    if (!previous) return [row]
    return [
      row,
      rowOf({ ...credential, ...previous, name: `${name}, before`, created_at: null }, now),
    ]
  })
  const heads = ['consumer', 'kind', 'name', 'algorithm', 'age', 'last use', '']
  for (const line of columns([heads, ...rows])) call.output.info(line)
  if (usesSince !== null)
    call.output.note(`last uses are those this node has seen in ${spanText(now - usesSince)}`)
}

function rowOf(credential: Credential, now: number): readonly string[] {
  const { consumer, kind, name, algorithm } = credential
  const { created_at: made, last_used_at: used, retires_at: end } = credential
  return [
    consumer?.name ?? consumer?.id ?? '',
    kind,
    name,
    algorithm ?? '',
    made === null ? '' : spanText(now - made),
    used === null ? 'none' : `${spanText(now - used)} ago`,
    endText(end, now),
  ]
}

function endText(end: number | null, now: number): string {
  if (end === null) return ''
  return end <= now ? 'retired' : `ends in ${spanText(end - now)}`
}

async function allOf(admin: AdminAccess, consumer: string | undefined) {
  const credentials: Credential[] = []
  const of = consumer === undefined ? '' : `&consumer=${encodeURIComponent(consumer)}`
  let next: string | null = `/credentials?size=1000${of}`
  let usesSince: number | null = null
  while (next !== null) {
    const page = (await askAdmin(admin, next)) as Page
    credentials.push(...page.data)
    next = page.next
    usesSince = page.uses_since
  }
  return { credentials, usesSince }
}

interface Rotated {
  readonly kind: string
  /** What whoever uses it must be told. */
  readonly issued: Readonly<Record<string, string>>
  readonly replaced: Credential
}

async function rotate(call: Call, named: string): Promise<void> {
  const overlap = spanSeconds(textOption(call, 'overlap') ?? '7d', 'overlap')
  const key = textOption(call, 'key')
  const file = textOption(call, 'public-key')
  const admin = adminAccess(call)
  const target = await rotatable(admin, named)
  const answer = await askAdmin(admin, `/credentials/${encodeURIComponent(target)}/rotate`, {
    overlap,
    ...(key !== undefined && { key }),
    ...(file !== undefined && { rsa_public_key: readKey(call, file) }),
  })
  if (call.options['json']) {
    call.output.raw(`${JSON.stringify(answer, undefined, 2)}\n`)
    return
  }
  const { issued, replaced } = answer as Rotated
  for (const line of columns(Object.entries(issued))) call.output.info(line)
  const { retires_at: end, name } = replaced
  const until = end === null ? 'goes on' : endText(end, Date.now() / 1000)
  call.output.note(`the old one, ${name}: ${until}`)
}

/** A consumer's only credential that can be rotated, or what was named itself. */
async function rotatable(admin: AdminAccess, named: string): Promise<string> {
  const found = await allOf(admin, named).catch((error: unknown) => {
    if (error instanceof CommandFault && error.message.includes('there is no consumer'))
      return undefined
    throw error
  })
  if (found === undefined) return named
  const candidates = found.credentials.filter(
    ({ can_rotate: canRotate, retires_at: end }) => canRotate && end === null,
  )
  const [first, ...others] = candidates
  if (first === undefined)
    throw new CommandFault(`consumer "${named}" has no credential that can be rotated`)
  if (others.length === 0) return first.id
  const names = candidates.map(({ kind, id, name }) => `  ${id}  ${kind}  ${name}`).join('\n')
  throw new CommandFault(`consumer "${named}" has several credentials; name one:\n${names}`)
}

function readKey({ workingDirectory }: Call, file: string): string {
  try {
    return readFileSync(path.resolve(workingDirectory, file), 'utf8')
  } catch (error) {
    throw new CommandFault(`Cannot read ${file}: ${(error as Error).message}`)
  }
}

async function retire(call: Call, named: string): Promise<void> {
  const { previous, all } = call.options
  if (previous && all) throw new CommandFault('--previous and --all exclude each other')
  const which = previous ? 'previous' : 'all'
  const body = previous || all ? { which } : {}
  await askAdmin(adminAccess(call), `/credentials/${encodeURIComponent(named)}/retire`, body)
  call.output.note(previous ? `the secret of before of ${named} has ended` : `${named} has ended`)
}
