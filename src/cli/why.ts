import { text as readText } from 'node:stream/consumers'
import { ADMIN_OPTIONS, ADMIN_USAGE, adminAccess, askAdmin } from './admin-access.ts'
import { CommandFault, textOption, type Call, type Command } from './command.ts'
import { judgementLines, recordLines, type Judgement, type Record } from './why-lines.ts'

/** The header and payload of a token begin with `{"`. */
const TOKEN = /^(?:bearer\s+)?\S+\.\S+\./i

export const why: Command = {
  usage: `Usage: portunus why [<request id>] [OPTIONS]

Tell why the running gateway answered a request as it did, check by check, and
what to do about it. The id is what the client got in X-Kong-Request-Id; its
first four or more digits will do. Without an id a token is read from standard
input, and decided about without sending any request.

Options:
 --route          (optional string)   For a token: on this route only.
 --service        (optional string)   For a token: on this service only.
 --plugin         (optional string)   For a token: by this jwt plugin only, by
                                      its id or instance name.
 --json                               Print what the Admin API answers.
${ADMIN_USAGE}`,
  options: {
    route: { takes: 'text' },
    service: { takes: 'text' },
    plugin: { takes: 'text' },
    json: {},
    ...ADMIN_OPTIONS,
  },

  async run(call) {
    const [given, surplus] = call.operands
    if (surplus !== undefined) throw new CommandFault(`what is "${surplus}"? One request at a time`)
    if (given !== undefined && TOKEN.test(given))
      throw new CommandFault(
        'this looks like a token, which would stay in the history of your shell: give it on standard input',
      )
    return given === undefined ? whyToken(call) : whyRequest(call, given)
  },
}

async function whyRequest(call: Call, given: string): Promise<void> {
  const id = given.replace(/…$|\.\.\.$/, '').toLowerCase()
  const record = await askAdmin(adminAccess(call), `/explain/${encodeURIComponent(id)}`)
  if (call.options['json']) print(call, record)
  else for (const line of recordLines(record as Record)) call.output.info(line)
}

/** @returns 1 when no plugin would accept the token */
async function whyToken(call: Call): Promise<number> {
  if (process.stdin.isTTY)
    throw new CommandFault(
      'give a request id, or a token on standard input: echo "$TOKEN" | portunus why',
    )
  const token = (await readText(process.stdin)).trim()
  if (token === '')
    throw new CommandFault('there is neither a request id nor a token on standard input')
  const names = ['route', 'service', 'plugin'] as const
  const places = names.flatMap((name) => {
    const value = textOption(call, name)
    return value === undefined ? [] : [[name, value] as const]
  })
  const answer = await askAdmin(adminAccess(call), '/explain/token', {
    token,
    ...Object.fromEntries(places),
  })
  const { data } = answer as { readonly data: readonly Judgement[] }
  if (call.options['json']) print(call, answer)
  else
    for (const [index, judgement] of data.entries()) {
      if (index > 0) call.output.info('')
      for (const line of judgementLines(judgement)) call.output.info(line)
    }
  return data.some(({ verdict }) => verdict === 'accepted') ? 0 : 1
}

function print(call: Call, value: unknown): void {
  call.output.raw(`${JSON.stringify(value, undefined, 2)}\n`)
}
