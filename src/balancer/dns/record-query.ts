import type { AskServer, DnsServer } from './ask-server.ts'
import type { DnsRecord, QueryType } from './dns-message.ts'
import type { ResolutionFailure } from './name-answer.ts'

export interface RecordQueryOptions {
  readonly servers: readonly DnsServer[]
  readonly timeoutMs: number
  /** Questions sent at most, over all servers. */
  readonly attempts: number
  /** Whether each query starts at the next server. */
  readonly rotates: boolean
  readonly ask: AskServer
}

export type RecordAnswer =
  | {
      readonly kind: 'records'
      /** At least one of the type asked for, after the aliases that led to it. */
      readonly records: readonly DnsRecord[]
    }
  | ResolutionFailure

/** Aliases followed for one question. */
const LONGEST_CHAIN = 10

const NAME_ERROR = 3

const RESPONSE_CODES: Readonly<Record<number, string>> = {
  1: 'format error',
  2: 'server failure',
  3: 'name error',
  4: 'not implemented',
  5: 'refused',
}

export const EMPTY_ANSWER: ResolutionFailure = {
  kind: 'not-found',
  detail: 'dns client error: 101 empty record received',
}

export const NAME_NOT_FOUND: ResolutionFailure = {
  kind: 'not-found',
  detail: 'dns server error: 3 name error',
}

/** Makes the function that asks servers for the records of one name and type. */
export function createRecordQuery(
  options: RecordQueryOptions,
): (name: string, type: QueryType) => Promise<RecordAnswer> {
  let turn = 0

  return async function query(name, type) {
    let current = name
    const aliases: DnsRecord[] = []
    while (aliases.length <= LONGEST_CHAIN) {
      const answer = await askServers(current, type)
      if (answer.kind !== 'records') return answer
      const before = aliases.length
      current = followAliases(current, answer.records, aliases)
      const found = answer.records.filter(
        (record) => record.type === type && record.name === current,
      )
      if (found.length > 0) return { kind: 'records', records: [...aliases, ...found] }
      if (aliases.length === before) return EMPTY_ANSWER
    }
    return { kind: 'failed', detail: `dns client error: too many aliases behind "${name}"` }
  }

  async function askServers(name: string, type: QueryType): Promise<RecordAnswer> {
    const { servers, attempts, timeoutMs, rotates, ask } = options
    const start = rotates ? turn++ : 0
    let failure: ResolutionFailure = { kind: 'failed', detail: 'no DNS server is configured' }
    if (servers.length === 0) return failure
    for (let attempt = 0; attempt < Math.max(attempts, servers.length); attempt += 1) {
      const server = servers[(start + attempt) % servers.length]!
      try {
        const { responseCode, answers } = await ask(server, { name, type }, timeoutMs)
        if (responseCode === 0) return { kind: 'records', records: answers }
        if (responseCode === NAME_ERROR) return NAME_NOT_FOUND
        failure = { kind: 'failed', detail: codeDetail(responseCode) }
        // What a server says it cannot do it cannot do a moment later; another one may.
        if (attempt + 1 >= servers.length) return failure
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        failure = { kind: 'failed', detail: `dns client error: ${reason}` }
      }
    }
    return failure
  }
}

/**
 * Goes from name to name as far as the records lead.
 * @param aliases what was followed is added to it
 */
function followAliases(name: string, records: readonly DnsRecord[], aliases: DnsRecord[]): string {
  let current = name
  while (aliases.length <= LONGEST_CHAIN) {
    const alias = records.find((record) => record.type === 'CNAME' && record.name === current)
    if (alias?.type !== 'CNAME') break
    aliases.push(alias)
    current = alias.target
  }
  return current
}

function codeDetail(code: number): string {
  return `dns server error: ${code} ${RESPONSE_CODES[code] ?? 'unknown'}`
}
